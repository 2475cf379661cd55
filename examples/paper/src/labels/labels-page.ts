import type { ImageCounts } from './measure-labels.js';
import { differenceOf, type Estimate, type Part, shareOf } from './share.js';
import type { Variant } from './variants.js';

/** A figure of labels: a share of what images count. */
interface Measure {
  readonly group: 'tokens' | 'pairs' | 'crops' | 'pixels';
  readonly title: string;
  readonly of: (image: ImageCounts) => Part;
}

const places = (group: 'tokens' | 'pixels'): readonly Measure[] => [
  { group, title: 'object right', of: (image) => image[group].objectRight },
  { group, title: 'background right', of: (image) => image[group].backgroundRight },
  { group, title: 'object found', of: (image) => image[group].objectFound },
  { group, title: 'background found', of: (image) => image[group].backgroundFound },
];

const measures: readonly Measure[] = [
  ...places('tokens'),
  { group: 'pairs', title: 'alike right', of: ({ pairs }) => pairs.alike },
  { group: 'pairs', title: 'unlike right', of: ({ pairs }) => pairs.unlike },
  { group: 'crops', title: 'negatives right', of: ({ crops }) => crops.negativeRight },
  { group: 'crops', title: 'positives right', of: ({ crops }) => crops.positiveRight },
  { group: 'crops', title: 'negatives', of: ({ crops }) => crops.negatives },
  { group: 'crops', title: 'mostly padding', of: ({ crops }) => crops.padding },
  ...places('pixels'),
];

/** Rows of one comparison; the first is what the others are compared with. */
export interface Comparison {
  readonly title: string;
  readonly variants: readonly Variant[];
  readonly counts: readonly (readonly ImageCounts[])[];
  /** Groups of figures that it is about. */
  readonly groups: readonly Measure['group'][];
}

/** Tables of shares in percent, ± the standard error over images; below each row but the first the difference to the first. */
export function labelsMarkdown({ title, groups, ...comparison }: Comparison): string {
  const tables = groups.map((group) => {
    const shown = measures.filter((measure) => measure.group === group);
    const lines = estimates({ ...comparison, shown }).flatMap(({ name, cells }, row) => [
      [name, ...cells.map(({ share }) => written(share))],
      ...(row === 0 ? [] : [['', ...cells.map(({ difference }) => written(difference, 'signed'))]]),
    ]);
    const heads = [group, ...shown.map((measure) => measure.title)];
    const widths = heads.map((head, i) => Math.max(head.length, ...lines.map((line) => line[i]!.length)));
    const line = (cells: readonly string[]): string =>
      `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
    const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
    return [line(heads), line(rule), ...lines.map(line)].join('\n');
  });
  return [`## ${title}`, ...tables].join('\n\n');
}

/** The same figures as CSV: value, error, difference to the first row and its error, in percent. */
export function labelsCsv(comparisons: readonly Comparison[]): string {
  const number = (value: number): string => (Number.isFinite(value) ? String(+(100 * value).toFixed(3)) : '');
  const lines = comparisons.flatMap(({ title, groups, ...comparison }) => {
    const shown = measures.filter(({ group }) => groups.includes(group));
    return estimates({ ...comparison, shown }).flatMap(({ name, cells }) =>
      cells.map(({ measure, share, difference }) =>
        [
          ...[title, name, measure.group, measure.title].map((text) => `"${text}"`),
          ...[share.value, share.error, difference.value, difference.error].map(number),
        ].join(','),
      ),
    );
  });
  return `${['comparison,labels,of,figure,percent,error,difference,difference error', ...lines].join('\n')}\n`;
}

function estimates({
  variants,
  counts,
  shown,
}: Pick<Comparison, 'variants' | 'counts'> & { readonly shown: readonly Measure[] }): {
  readonly name: string;
  readonly cells: readonly {
    readonly measure: Measure;
    readonly share: Estimate;
    readonly difference: Estimate;
  }[];
}[] {
  return variants.map(({ name }, row) => ({
    name,
    cells: shown.map((measure) => {
      const [own, first] = [counts[row]!.map(measure.of), counts[0]!.map(measure.of)];
      return { measure, share: shareOf(own), difference: differenceOf(own, first) };
    }),
  }));
}

function written({ value, error }: Estimate, kind: 'plain' | 'signed' = 'plain'): string {
  if (!Number.isFinite(value)) return '–';
  const percent = (100 * value).toFixed(1);
  const sign = kind === 'plain' || percent.startsWith('-') ? '' : '+';
  return `${sign}${percent} ± ${(100 * error).toFixed(1)}`;
}
