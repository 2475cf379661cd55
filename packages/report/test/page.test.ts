import { beforeAll, describe, expect, test } from '@jest/globals';
import { chartFigure } from '../src/chart.js';
import { count, duration, figure, percent, points } from '../src/format-figures.js';
import { escapeText, html, jsonForScript } from '../src/markup.js';
import { reportPage } from '../src/page.js';
import { rankPanels } from '../src/rank-panels.js';
import type { ReportData } from '../src/report-data.js';
import type { ReportPanel } from '../src/report-panel.js';
import { smooth } from '../src/smooth.js';
import { trainingCharts } from '../src/training-charts.js';
import { sampleReport, sampleRows, sampleTerms } from './sample-report.js';

const library = { styles: [], scripts: ['/* library */'] };

/** The page as a reader without markup sees it, spaces collapsed. */
function textOf(page: string): string {
  return page
    .replaceAll(/<(style|script)[\s\S]*?<\/\1>/g, ' ')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/[^\S\u202f]+/g, ' ');
}

describe('markup', () => {
  test('text is escaped, in elements and attributes; pieces of templates are not escaped again', () => {
    expect(escapeText(`<a href="x">'&`)).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;');
    expect(html`<p title="${'"'}">${['<', html`<b>${'&'}</b>`]}${undefined}</p>`.markup).toBe(
      '<p title="&quot;">&lt;<b>&amp;</b></p>',
    );
  });

  test('JSON cannot end its script; what is no number is null', () => {
    const { markup } = jsonForScript({ a: '</script><!--', b: [Number.NaN, Infinity] });
    expect(markup).not.toContain('<');
    expect(JSON.parse(markup)).toEqual({ a: '</script><!--', b: [null, null] });
  });
});

test('figures in words', () => {
  expect([percent(0.12345), percent(Number.NaN)]).toEqual(['12.3', '–']);
  expect([points(0.0512), points(-0.0512), points(0.0001), points(Number.NaN)]).toEqual([
    '+5.1',
    '−5.1',
    '±0.0',
    '–',
  ]);
  expect([duration(41.2), duration(365), duration(8040), duration(3599.7)]).toEqual([
    '41 s',
    '6 min 5 s',
    '2 h 14 min',
    '1 h 0 min',
  ]);
  expect([figure(0), figure(-0.1234), figure(6e-5), figure(12.34), figure(1234), figure(null)]).toEqual([
    '0.000',
    '−0.123',
    '6.00e−5',
    '12.3',
    '1234',
    '–',
  ]);
  expect([count(200), count(20000)]).toEqual(['200', '20\u202f000']);
});

test('smoothing keeps a constant and gaps, and is unbiased at the start', () => {
  const values = Array.from({ length: 60 }, (_, i) => (i === 10 ? null : 3));
  smooth(values).forEach((value, i) => {
    if (i === 10) expect(value).toBeNull();
    else expect(value).toBeCloseTo(3, 12);
  });
  expect(smooth([2, 4])[0]).toBe(2);
});

describe('panels by IoU', () => {
  const panel = (iou: number): ReportPanel => ({
    id: `${iou}`,
    width: 1,
    height: 1,
    pictures: {},
    labels: [],
    mistaken: [],
    iou,
  });

  test('best, typical and worst without overlap; those without a number are left out', () => {
    const groups = rankPanels([0.1, 0.9, Number.NaN, 0.5, 0.3, 0.6, 0.8, 0.2].map(panel), 2);
    expect(groups.map(({ title, panels }) => [title, panels.map(({ iou }) => iou)])).toEqual([
      ['Best', [0.9, 0.8]],
      ['Typical', [0.6, 0.5]],
      ['Worst', [0.2, 0.1]],
    ]);
  });

  test('few panels make one group, none makes none', () => {
    expect(rankPanels([0.1, 0.9].map(panel), 2).map(({ title, panels }) => [title, panels.length])).toEqual([
      ['All samples', 2],
    ]);
    expect(rankPanels([], 2)).toEqual([]);
  });
});

describe('charts', () => {
  test('everything that the rows hold, in their units', () => {
    const charts = trainingCharts(sampleRows(), { batchSize: 4, lossTerms: sampleTerms });
    expect(
      charts.map(({ title, series }) => `${title}: ${series.map(({ label }) => label).join(', ')}`),
    ).toEqual([
      'Loss terms: cls, cls aux, ptc, ctc, seg, reg',
      'Validation: segmentation, CAM, auxiliary CAM',
      'Classification: F1',
      'Pseudo labels: positive crops, ignored tokens, ignored pixels',
      'Optimizer: learning rate, gradient norm',
      'Speed and memory: images per second, memory',
    ]);
    const row = {
      kind: 'train' as const,
      iteration: 7,
      seconds: 0.5,
      memory: 2 ** 31,
      positive: 0.25,
      cls: Number.NaN,
    };
    const values = trainingCharts([row], { batchSize: 4, lossTerms: sampleTerms }).map(
      ({ title, x, series }) => [title, x, series.map((one) => one.values)],
    );
    expect(values).toEqual([
      ['Pseudo labels', [7], [[25]]],
      ['Speed and memory', [7], [[8], [2]]],
    ]);
  });

  test('the terms of the loss are those that the caller names, in its order', () => {
    const row = { kind: 'train' as const, iteration: 1, myTerm: 2, cls: 1, seg: 3 };
    const [chart] = trainingCharts([row], { batchSize: 1, lossTerms: ['myTerm', 'cls', 'reg'] });
    expect(chart!.series.map(({ label, values }) => [label, values])).toEqual([
      ['my term', [2]],
      ['cls', [1]],
    ]);
    expect(new Set(chart!.series.map(({ color }) => color)).size).toBe(2);
  });

  test('the table has the last place and a dash for a gap', () => {
    const chart = {
      title: 't',
      quantity: 'q',
      xLabel: 'x',
      x: Array.from({ length: 100 }, (_, i) => i + 1),
      series: [
        { label: 's', color: '--seg', values: Array.from({ length: 100 }, (_, i) => (i === 99 ? null : i)) },
      ],
    };
    const cells = [
      ...chartFigure(chart, { rows: 5 }).markup.matchAll(/<th scope="row">(\d+)<\/th>\s*<td>(.*?)<\/td>/g),
    ];
    expect(cells.map(([, x, value]) => [x, value])).toEqual([
      ['25', '24.0'],
      ['50', '49.0'],
      ['75', '74.0'],
      ['100', '–'],
    ]);
  });
});

describe('page', () => {
  let data: ReportData;
  beforeAll(async () => {
    data = await sampleReport(0);
  });

  test('every text is escaped', () => {
    const evil = '<script>alert("1")</script>';
    const page = reportPage(
      {
        ...data,
        title: evil,
        description: evil,
        command: evil,
        machine: evil,
        config: evil,
        classes: data.classes.map(() => evil),
        baseline: { ...data.baseline!, note: evil },
      },
      library,
    );
    expect(page).not.toContain(evil);
    // title twice, machine twice, description, command, configuration, note, six classes
    expect(page.split('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;')).toHaveLength(1 + 14);
  });

  test('figures of the data, absent classes named', () => {
    const { evaluation } = data;
    const page = textOf(
      reportPage(
        {
          ...data,
          evaluation: { ...evaluation, seg: { ...evaluation.seg, mean: 0.6123 } },
          baseline: { ...data.baseline!, camMean: 0.5 },
          seconds: 372,
        },
        library,
      ),
    );
    expect(page).toContain('Segmentation 61.2 % mIoU +11.2 points over the baseline');
    expect(page).toContain('CAM, classification alone 50.0 % mIoU');
    expect(page).toContain('classification F1 0.912');
    expect(page).toContain('6 min 12 s');
    expect(page).toContain('car absent absent absent');
    expect(page).toContain('1 of 7 classes is in neither truth nor segmentation');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('without a baseline, rows, panels or similarity the rest stands', () => {
    const page = reportPage(
      {
        ...data,
        rows: [],
        panels: [],
        baseline: undefined,
        sweeps: undefined,
        evaluation: { ...data.evaluation, similarity: [] },
      },
      library,
    );
    expect([...page.matchAll(/<section id="(\w+)"/g)].map(([, id]) => id)).toEqual(['classes', 'reproduce']);
    expect(textOf(page)).not.toMatch(/baseline|classification alone/);
  });

  test('figures name their protocol, and CAMs the threshold at which they are best', () => {
    const page = reportPage(data, library);
    const text = textOf(page);
    expect(text).toContain('Protocol: list val of scenes, 200 images, scored at full size');
    expect(text).toContain(
      'counts as the class: 0.5 in the figures above. Best on these images: CAM 0.37 (mIoU 60.0); auxiliary CAM 0.42 (mIoU 60.0).',
    );
    const [, section = ''] = /<section id="thresholds">([\s\S]*?)<\/section>/.exec(page)!;
    const [, json = ''] = /<script type="application\/json">([\s\S]*?)<\/script>/.exec(section)!;
    const { x, series } = JSON.parse(json) as { x: number[]; series: { label: string; values: number[] }[] };
    expect(series.map(({ label }) => label)).toEqual(['CAM', 'auxiliary CAM']);
    for (const { values } of series) expect(values).toHaveLength(x.length);
    expect(Math.max(...series[0]!.values)).toBe(60);
    expect(x[series[0]!.values.indexOf(60)]).toBe(0.37);
  });

  test('81 classes make two tables with one mean', () => {
    const perClass = Array.from({ length: 81 }, (_, k) => k / 81);
    const figures = { perClass, mean: 0.5, absent: [] };
    const classes = Array.from({ length: 80 }, (_, c) => `kind ${c}`);
    const page = reportPage(
      {
        ...data,
        classes,
        baseline: undefined,
        evaluation: { ...data.evaluation, seg: figures, cam: figures },
      },
      library,
    );
    expect(page.split('<table class="classes">')).toHaveLength(3);
    expect(page.split('<tfoot>')).toHaveLength(2);
    expect(page).toContain('kind 79');
  });
});
