import { parse } from 'csv-parse/sync';
import { filledLines } from './text-file.js';
import { UserError } from '@toco/files';

/** Labels in a table of text. */
export interface NamedLabels {
  /** Class names by image id. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  /** Classes in the table's own order, where it has one column for each. */
  readonly classes?: readonly string[];
}

/** Headers of a second column that holds names; any other second column stands for a class. */
const nameColumns = new Set(['label', 'labels', 'class', 'classes', 'category', 'categories', 'tag', 'tags']);

/**
 * The labels in a CSV file with a header, columns separated by commas, semicolons or tabs, the image's id or file name first. Then
 * either one column `label` with class names (several separated by `|`, or by `;` where that does not separate columns, or on lines
 * of their own), or one column per class with 0 and 1.
 *
 * @param where - What messages call the file.
 * @throws One line that names the line that is wrong.
 *
 * @example
 * csvLabels('id,label\na,cat;dog\nb,dog\n', 'labels.csv').names.get('a'); // ['cat', 'dog']
 */
export function csvLabels(text: string, where: string): NamedLabels {
  const delimiter = delimiterOf(text);
  const lines = table(text, delimiter, where);
  const [header, ...rows] = /^sep=/i.test(lines[0]?.cells[0] ?? '') ? lines.slice(1) : lines;
  if (header === undefined) throw new UserError(`${where}: the file is empty`);
  const [, ...columns] = header.cells;
  if (columns.length === 0)
    throw new UserError(`${where}: there is one column only; write id,label or id and one column per class`);
  const isNamed = columns.length === 1 && nameColumns.has(columns[0]!.toLowerCase());
  const names = new Map<string, Set<string>>();
  for (const { cells, line } of rows) {
    const [id = '', ...values] = cells;
    if (id === '') throw new UserError(`${where}, line ${line}: the image has no id`);
    if (cells.length !== header.cells.length) throw wrongCount(cells, header.cells, `${where}, line ${line}`);
    if (!isNamed && names.has(id)) throw new UserError(`${where}, line ${line}: ${id} comes twice`);
    const shown = isNamed
      ? separated(values[0]!, delimiter)
      : marked(columns, values, `${where}, line ${line}`);
    const known = names.get(id) ?? new Set();
    for (const name of shown) known.add(name);
    names.set(id, known);
  }
  const listed = new Map(Array.from(names, ([id, shown]) => [id, [...shown]]));
  return isNamed ? { names: listed } : { names: listed, classes: columns };
}

interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

const delimiters = [',', ';', '\t'] as const;
type Delimiter = (typeof delimiters)[number];

/** What separates the columns: what Excel's line `sep=;` says, or what the header has most of outside of quotes. */
function delimiterOf(text: string): Delimiter {
  const said = delimiters.find((delimiter) =>
    text
      .replace(/^\ufeff/, '')
      .toLowerCase()
      .startsWith(`sep=${delimiter}`),
  );
  if (said !== undefined) return said;
  const header = (filledLines(text.slice(0, 2 ** 20))[0] ?? '').replaceAll(/"[^"]*"/g, '');
  const counts = delimiters.map((delimiter) => header.split(delimiter).length - 1);
  return delimiters[counts.indexOf(Math.max(...counts))]!;
}

function table(text: string, delimiter: Delimiter, where: string): Row[] {
  try {
    const records = parse(text, {
      bom: true,
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      info: true,
    });
    // eslint-disable-next-line no-restricted-syntax -- csv-parse's types do not know what `info` changes
    return (records as unknown as { record: string[]; info: { lines: number } }[]).map(
      ({ record, info }) => ({ cells: record, line: info.lines }),
    );
  } catch (error) {
    throw new UserError(`${where}: ${(error as Error).message.replaceAll(/\s+/g, ' ').slice(0, 300)}`, {
      cause: error,
    });
  }
}

function wrongCount(cells: readonly string[], header: readonly string[], where: string): Error {
  const remedy =
    header.length === 2 && cells.length > 2
      ? `; separate several names in a cell with "|"`
      : '; a cell that holds the separator needs quotes';
  return new UserError(`${where}: ${cells.length} cells, the header has ${header.length}${remedy}`);
}

function separated(cell: string, delimiter: Delimiter): string[] {
  return cell
    .split(delimiter === ';' ? '|' : /[;|]/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function marked(columns: readonly string[], values: readonly string[], where: string): string[] {
  return columns.filter((name, i) => {
    const value = values[i]!;
    if (!/^[01](?:[.,]0*)?$/.test(value))
      throw new UserError(
        `${where}: "${value}" of ${name} is neither 0 nor 1${/^[\d.,-]+$/.test(value) ? '' : '; a table of class names has two columns, id,label, and that line as header'}`,
      );
    return value.startsWith('1');
  });
}
