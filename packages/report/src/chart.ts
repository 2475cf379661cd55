import { figure } from './format-figures.js';
import { html, jsonForScript, type Markup } from './markup.js';
import { smooth, smoothedFrom } from './smooth.js';

/** One line of a chart. */
export interface ChartSeries {
  readonly label: string;
  /** A custom property of the style sheet, such as `--seg`. */
  readonly color: string;
  /** As many as the chart has places on its horizontal axis; null for a gap. */
  readonly values: readonly (number | null)[];
  /** A second vertical axis has another unit. */
  readonly axis?: 'left' | 'right';
  readonly dashed?: boolean;
}

/** A line chart: what the page's script needs to draw it, and the numbers for readers without one. */
export interface Chart {
  readonly title: string;
  /** Quantity and unit of the vertical axes. */
  readonly quantity: string;
  readonly xLabel: string;
  readonly x: readonly number[];
  readonly series: readonly ChartSeries[];
  /** The left axis reaches at least from the first to the second. */
  readonly range?: readonly [number, number];
  /** Long series are smoothed, with the values themselves faint behind. */
  readonly smoothed?: boolean;
  /** Places are marked with dots. */
  readonly dots?: boolean;
}

/** A figure with the chart's data for the script, and a table of at most `rows` of its places. */
export function chartFigure(chart: Chart, { rows = 12 }: { rows?: number | undefined } = {}): Markup {
  const smoothed = chart.smoothed === true && chart.x.length >= smoothedFrom;
  const series = chart.series.map((one) => ({
    ...one,
    ...(smoothed && { smooth: smooth(one.values) }),
  }));
  const last = chart.x.length - 1;
  const step = Math.max(1, Math.ceil(last / (rows - 1)));
  const places = chart.x.map((_, i) => i).filter((i) => (last - i) % step === 0);
  return html`<figure class="chart">
    <figcaption>
      <strong>${chart.title}</strong
      ><span>${chart.quantity}${smoothed ? '; thin as logged, thick smoothed' : ''}</span>
    </figcaption>
    <div class="plot">
      <noscript><p>The chart needs JavaScript; its numbers are below.</p></noscript>
    </div>
    <script type="application/json">
      ${jsonForScript({ ...chart, series, smoothed })}
    </script>
    <details>
      <summary>Numbers</summary>
      <div class="scroll">
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">${chart.xLabel}</th>
              ${chart.series.map(({ label }) => html`<th scope="col">${label}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${places.map(
              (i) =>
                html`<tr>
                  <th scope="row">${chart.x[i]!}</th>
                  ${chart.series.map(({ values }) => html`<td>${figure(values[i] ?? null)}</td>`)}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>
  </figure>`;
}
