import type { ReportData } from './report-data.js';
import type { ReportRow } from './report-row.js';
import type { Chart, ChartSeries } from './chart.js';

type Line = Omit<ChartSeries, 'values'> & {
  readonly key: string;
  readonly of?: (value: number) => number;
};

const termColors = ['--cam', '--aux', '--ptc', '--ctc', '--seg', '--reg'];

const percentOf = (value: number): number => 100 * value;

/** Curves over the iterations of a run; what the rows do not have is left out. */
export function trainingCharts(
  rows: readonly ReportRow[],
  { batchSize, lossTerms }: Pick<ReportData, 'batchSize' | 'lossTerms'>,
): Chart[] {
  const train = rows.filter(({ kind }) => kind === 'train');
  const evaluation = rows.filter(({ kind }) => kind === 'evaluation');
  const charts: Chart[] = [
    {
      ...chartOf(train, lossTerms.map(lossLine)),
      title: 'Loss terms',
      quantity: 'each unweighted',
      smoothed: true,
    },
    {
      ...chartOf(evaluation, [
        { key: 'seg', label: 'segmentation', color: '--seg' },
        { key: 'cam', label: 'CAM', color: '--cam' },
        { key: 'camAux', label: 'auxiliary CAM', color: '--aux' },
      ]),
      title: 'Validation',
      quantity: 'mIoU, %',
      range: [0, 0],
      dots: true,
    },
    {
      ...chartOf(evaluation, [{ key: 'f1', label: 'F1', color: '--cam', of: percentOf }]),
      title: 'Classification',
      quantity: 'F1 of the validation, %',
      range: [0, 100],
      dots: true,
    },
    {
      ...chartOf(train, [
        { key: 'positive', label: 'positive crops', color: '--ctc', of: percentOf },
        { key: 'tokenIgnored', label: 'ignored tokens', color: '--ptc', of: percentOf },
        { key: 'pixelIgnored', label: 'ignored pixels', color: '--seg', of: percentOf },
      ]),
      title: 'Pseudo labels',
      quantity: 'share, %',
      range: [0, 100],
      smoothed: true,
    },
    {
      ...chartOf(train, [
        { key: 'lr', label: 'learning rate', color: '--seg' },
        { key: 'gradNorm', label: 'gradient norm', color: '--reg', axis: 'right' },
      ]),
      title: 'Optimizer',
      quantity: 'learning rate (left), norm of the gradient (right)',
      range: [0, 0],
    },
    {
      ...chartOf(train, [
        { key: 'seconds', label: 'images per second', color: '--seg', of: (seconds) => batchSize / seconds },
        { key: 'memory', label: 'memory', color: '--cam', axis: 'right', of: (bytes) => bytes / 2 ** 30 },
      ]),
      title: 'Speed and memory',
      quantity: 'images/s (left), memory in GiB (right)',
      range: [0, 0],
    },
  ];
  return charts.filter(({ series }) => series.length > 0);
}

function lossLine(term: string, place: number): Line {
  const label = term.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return { key: term, label, color: termColors[place % termColors.length]! };
}

function chartOf(rows: readonly ReportRow[], lines: readonly Line[]): Pick<Chart, 'x' | 'xLabel' | 'series'> {
  const series = lines.map(({ key, of = (value) => value, ...line }) => ({
    ...line,
    values: rows.map((row) => finite(row[key], of)),
  }));
  return {
    x: rows.map(({ iteration }) => iteration),
    xLabel: 'iteration',
    series: series.filter(({ values }) => values.some((value) => value !== null)),
  };
}

function finite(value: ReportRow[string] | undefined, of: (value: number) => number): number | null {
  if (typeof value !== 'number') return null;
  const result = of(value);
  return Number.isFinite(result) ? result : null;
}
