import { meanOf, spreadOf, type FilledTable } from './filled-table.js';

/** A table as CSV, a line for each figure: names of the row, quantity, mean, spread, the paper's, then every seed's. */
export function tableCsv({ table, seeds, cells }: FilledTable): string {
  const number = (value: number | undefined): string =>
    value === undefined || Number.isNaN(value) ? '' : String(Number(value.toFixed(4)));
  const lines = table.rows.flatMap(({ names }, i) =>
    table.columns.map(({ title }, place) => {
      const { values, paper } = cells[i]![place]!;
      const mean = values.length === 0 ? undefined : meanOf(values);
      const each = seeds.map((_, k) => values[k]);
      return [...names.map(field), field(title), ...[mean, spreadOf(values), paper, ...each].map(number)];
    }),
  );
  const heads = [
    ...table.heads,
    'quantity',
    'mean',
    'spread',
    'paper',
    ...seeds.map((seed) => `seed ${seed}`),
  ];
  return [heads.map(field), ...lines].map((line) => `${line.join(',')}\n`).join('');
}

/** A field of CSV. */
function field(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
