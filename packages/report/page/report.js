// The report's script: draws every chart from the JSON beside it, in the colors of the style sheet, and again when the width or
// the color scheme changes. `writeReport` puts it into the page.
'use strict';
(() => {
  const colorOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const minus = (text) => text.replaceAll('-', '−');
  const figure = (value) => {
    if (value == null) return '–';
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e6)) return minus(value.toExponential(2));
    return minus(value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 3));
  };
  const lastOf = (values) => values && values.reduceRight((last, value) => last ?? value, null);
  const tick = (value) => {
    const size = Math.abs(value);
    return minus(size !== 0 && size < 1e-3 ? value.toExponential() : String(+value.toPrecision(6)));
  };

  const draw = (place, chart, hidden) => {
    const text = colorOf('--muted'),
      grid = colorOf('--rule');
    const font = '12px ' + getComputedStyle(document.body).fontFamily;
    const main = chart.series.map((series) => ({
      label: series.label,
      scale: series.axis === 'right' ? 'right' : 'y',
      stroke: colorOf(series.color),
      width: 2,
      dash: series.dashed ? [6, 5] : undefined,
      spanGaps: true,
      show: !hidden.has(series.label),
      points: { show: Boolean(chart.dots), size: 7, fill: colorOf(series.color) },
      value: (u, value, i, place) => figure(place == null ? lastOf(u.data[i]) : value),
    }));
    const faint = chart.smoothed
      ? main.map((series) => ({ ...series, class: 'faint', width: 1, alpha: 0.28, points: { show: false } }))
      : [];
    const axis = { stroke: text, font, grid: { stroke: grid, width: 1 }, ticks: { show: false }, gap: 6 };
    const values = (u, splits) => splits.map(tick);
    const whole = [0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));
    const axes = [
      {
        ...axis,
        incrs: whole,
        label: chart.xLabel,
        labelFont: font,
        labelSize: 20,
        size: 30,
        grid: { show: false },
        values,
      },
      { ...axis, scale: 'y', size: 48, values },
    ];
    if (main.some((series) => series.scale === 'right')) {
      axes.push({ ...axis, scale: 'right', side: 1, size: 48, grid: { show: false }, values });
    }
    const padded = (low, high) => (u, min, max) => {
      if (min == null) return [low ?? 0, high || 1];
      const from = low == null ? min : Math.min(low, min);
      const to = high == null ? max : Math.max(high, max);
      const room = 0.06 * (to - from || 1);
      return [from === low ? from : from - room, to === high ? to : to + room];
    };
    const [low, high] = chart.range ?? [];
    const ends = [chart.x[0], chart.x[chart.x.length - 1]];
    const side = ends[0] === ends[1] ? 1 : chart.dots ? 0.02 * (ends[1] - ends[0]) : 0;
    const plot = new uPlot(
      {
        width: place.clientWidth,
        height: Math.round(Math.min(300, Math.max(200, place.clientWidth * 0.55))),
        scales: {
          x: { time: false, range: () => [ends[0] - side, ends[1] + side] },
          y: { range: padded(low, high) },
          right: { range: padded(0) },
        },
        cursor: { points: { size: 8 }, drag: { x: false, y: false } },
        legend: { markers: { width: 0, fill: (u, i) => u.series[i].stroke() } },
        axes,
        series: [
          { label: chart.xLabel, value: (u, value) => (value == null ? '–' : String(value)) },
          ...main,
          ...faint,
        ],
        hooks: {
          setSeries: [
            (u, i, change) => {
              if (i == null || change.show == null || i > main.length) return;
              const { label } = chart.series[i - 1];
              if (change.show) hidden.delete(label);
              else hidden.add(label);
              if (faint.length > 0) u.setSeries(i + main.length, { show: change.show });
            },
          ],
        },
      },
      [
        chart.x,
        ...chart.series.map((series) => series.smooth ?? series.values),
        ...faint.map((series, i) => chart.series[i].values),
      ],
      place,
    );
    return plot;
  };

  for (const element of document.querySelectorAll('figure.chart')) {
    const chart = JSON.parse(element.querySelector('script').textContent);
    const place = element.querySelector('.plot');
    const hidden = new Set();
    let plot,
      width = 0;
    const redraw = () => {
      if (plot) plot.destroy();
      width = place.clientWidth;
      plot = draw(place, chart, hidden);
      element.dataset.drawn = String(chart.series.length);
    };
    redraw();
    new ResizeObserver(() => {
      if (place.clientWidth !== width && place.clientWidth > 0) redraw();
    }).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  }
})();
