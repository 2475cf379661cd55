import type { FilledTable } from './filled-table.js';
import { tableGrid } from './table-grid.js';

/** Rows of Markdown whose columns stand below one another, so that a terminal shows them as a table, too. */
export function tableRows(filled: FilledTable): string {
  const { heads, rows, kinds } = tableGrid(filled);
  const widths = heads.map((head, i) => Math.max(3, head.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (kinds[i] === 'name' ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const rule = widths.map((width, i) =>
    kinds[i] === 'name' ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(heads), line(rule), ...rows.map(line)].join('\n');
}

/** A table as a page of Markdown. */
export function tableMarkdown(filled: FilledTable): string {
  const { table, notes, command } = filled;
  return (
    [
      `# Table ${table.number}: ${table.title}`,
      'mIoU in percent.',
      tableRows(filled),
      notes.map((note) => `- ${note}`).join('\n'),
      `Again: \`${command}\``,
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  );
}
