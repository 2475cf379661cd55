import { meanOf, spreadOf, type Cell, type FilledTable } from './filled-table.js';

/** A table as words: what Markdown, the terminal and the picture show. */
export interface TableGrid {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What a column holds: names of the row, our figures, the paper's. */
  readonly kinds: readonly ('name' | 'ours' | 'paper')[];
}

/** What has no figure. */
const dash = '–';

/** A table in words; the paper's figures stand beside ours where a column has any. */
export function tableGrid({ table, cells }: FilledTable): TableGrid {
  const { heads, rows, columns } = table;
  const shown = columns.flatMap(({ title, measure, shareOf }, place) => {
    const isOurs = measure !== undefined || shareOf !== undefined;
    const isPaper = cells.some((row) => row[place]!.paper !== undefined);
    return [
      ...(isOurs
        ? [{ head: title, kind: 'ours' as const, text: (row: readonly Cell[]) => ours(row[place]!) }]
        : []),
      ...(isPaper
        ? [
            {
              head: `${title}, paper`,
              kind: 'paper' as const,
              text: (row: readonly Cell[]) => row[place]!.paper?.toFixed(1) ?? '',
            },
          ]
        : []),
    ];
  });
  return {
    heads: [...heads, ...shown.map(({ head }) => head)],
    rows: rows.map(({ names }, i) => [...names, ...shown.map(({ text }) => text(cells[i]!))]),
    kinds: [...heads.map(() => 'name' as const), ...shown.map(({ kind }) => kind)],
  };
}

/** `31.3`, or `31.3 ± 2.1` of several seeds. */
function ours({ values }: Cell): string {
  const mean = values.length === 0 ? Number.NaN : meanOf(values);
  if (Number.isNaN(mean)) return dash;
  const spread = spreadOf(values);
  return spread === undefined ? mean.toFixed(1) : `${mean.toFixed(1)} ± ${spread.toFixed(1)}`;
}
