import { counted } from '@toco/files';
import Table from 'cli-table3';
import type { MeanOver } from '@toco/segmenter';
import type { Column } from '../evaluation/counts.js';
import type { ColumnFigures, Figures } from '../evaluation/figures.js';

/** Heads of the columns; what follows the segmentation adds to it, step by step. */
export const columnTitles: Readonly<Record<Column, string>> = {
  cam: 'CAM',
  camAux: 'aux CAM',
  single: 'segmentation',
  fused: '+ scales, mirror',
  crf: '+ CRF',
};

const percent = (value: number): string => (Number.isNaN(value) ? '–' : (100 * value).toFixed(1));

/** A table of IoU per class and the means in percent, precision and recall, best thresholds; without masks what needs none. */
export function formatFigures(
  figures: Figures,
  classes: readonly string[],
  { over }: { readonly over: MeanOver },
): string {
  const { images, masks, f1, similarity, sweeps } = figures;
  const rest = `F1 ${f1.toFixed(3)}; token similarity per block ${similarity.map((value) => value.toFixed(2)).join(' ')}`;
  if (masks === 0) return `${counted(images, 'image')} without masks: no IoU; ${rest}`;
  const names = ['background', ...classes];
  const columns = Object.entries(figures.columns) as [Column, ColumnFigures][];
  const table = new Table({
    head: ['class', ...columns.map(([column]) => columnTitles[column])],
    colAligns: ['left', ...columns.map(() => 'right' as const)],
    style: { head: [], border: [] },
  });
  names.forEach((name, k) => {
    table.push([
      name,
      ...columns.map(([, { perClass, absent }]) => (absent.includes(k) ? 'absent' : percent(perClass[k]!))),
    ]);
  });
  const row = (title: string, value: (figures: ColumnFigures) => number): string[] => [
    title,
    ...columns.map(([, column]) => percent(value(column))),
  ];
  table.push(
    row('mIoU', ({ mean }) => mean),
    row('foreground precision', ({ foreground }) => foreground.precision),
    row('foreground recall', ({ foreground }) => foreground.recall),
    row('background precision', ({ background }) => background.precision),
    row('background recall', ({ background }) => background.recall),
  );
  return [
    table.toString(),
    'CAM columns use the true labels of each image, which no test set tells.',
    ...absentLines(columns, names),
    over === 'occurring'
      ? 'The mean is over the classes that occur in truth or prediction (--mean truth: in the truth alone, as the reference has it).'
      : 'The mean is over the classes that occur in the truth, as in the reference.',
    ...(['cam', 'camAux'] as const).flatMap((map) => {
      const best = sweeps[map]?.best;
      return best
        ? [`Best threshold of the ${columnTitles[map]}: ${best.threshold} (mIoU ${percent(best.mean)}).`]
        : [];
    }),
    `${counted(images, 'image')}; ${rest}`,
  ].join('\n');
}

/** Which classes a mean leaves out: a mean over fewer classes compares with no other one. */
function absentLines(columns: readonly [Column, ColumnFigures][], names: readonly string[]): string[] {
  const byClasses = new Map<string, string[]>();
  for (const [column, { absent }] of columns) {
    const key = absent.map((k) => names[k]!).join(', ');
    byClasses.set(key, [...(byClasses.get(key) ?? []), columnTitles[column]]);
  }
  return [...byClasses].flatMap(([key, titles]) =>
    key === '' ? [] : [`Absent and left out of the mean (${titles.join('; ')}): ${key}`],
  );
}
