import type { Table, TableColumn, TableRow } from './tables.js';

/** What stands in a cell. */
export interface Cell {
  /** Our figure of every seed, in percent; empty where it has none. */
  readonly values: readonly number[];
  /** The paper's. */
  readonly paper: number | undefined;
}

/** A table with figures. */
export interface FilledTable {
  readonly table: Table;
  readonly seeds: readonly number[];
  /** Rows of columns. */
  readonly cells: readonly (readonly Cell[])[];
  /** What one must know to compare them, a sentence each. */
  readonly notes: readonly string[];
  /** What to type to get it again. */
  readonly command: string;
}

/** Figures of a row's measured columns, by the column's title and the seed's place. */
export type FigureOf = (row: TableRow, column: TableColumn) => readonly number[];

/** The cells of a table: measured ones, and shares of another row's. */
export function cellsOf({ rows, columns }: Table, figureOf: FigureOf): Cell[][] {
  const valuesOf = (row: TableRow, place: number): readonly number[] => {
    const column = columns[place]!;
    if (row.untrained?.includes(column.title)) return [];
    if (column.measure !== undefined) return figureOf(row, column);
    const whole = rows.find(({ run }) => run === column.shareOf);
    if (whole === undefined) return [];
    const [of, all] = [valuesOf(row, place - 1), valuesOf(whole, place - 1)];
    return all.length === of.length ? of.map((value, i) => (100 * value) / all[i]!) : [];
  };
  return rows.map((row) =>
    columns.map(({ title }, place) => ({ values: valuesOf(row, place), paper: row.paper?.[title] })),
  );
}

/** Mean over seeds. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation of seeds as a sample; undefined for fewer than two. */
export function spreadOf(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
