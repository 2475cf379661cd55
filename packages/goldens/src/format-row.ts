import { passes, type Row } from './row.js';

/** One line: verdict, error, bound, quantity. */
export function formatRow(row: Row): string {
  const verdict = passes(row) ? '✓' : '✗';
  return `${verdict} ${row.error.toExponential(1).padStart(8)} ≤ ${row.bound.toExponential(0)} ${row.unit.padEnd(15)} ${row.quantity}`;
}
