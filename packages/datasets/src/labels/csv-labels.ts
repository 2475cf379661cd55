import { parse } from 'csv-parse/sync';

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
 * The labels in a CSV file with a header, columns separated by commas or tabs, the image's id or file name first. Then either one
 * column `label` with class names (several separated by `;` or `|`, or on lines of their own), or one column per class with 0 and 1.
 *
 * @param where - What messages call the file.
 * @throws One line that names the line that is wrong.
 *
 * @example
 * csvLabels('id,label\na,cat;dog\nb,dog\n', 'labels.csv').names.get('a'); // ['cat', 'dog']
 */
export function csvLabels(text: string, where: string): NamedLabels {
  const [header, ...rows] = table(text, where);
  if (header === undefined) throw new Error(`${where}: the file is empty`);
  const [, ...columns] = header.cells;
  if (columns.length === 0)
    throw new Error(`${where}: there is one column only; write id,label or id and one column per class`);
  const isNamed = columns.length === 1 && nameColumns.has(columns[0]!.toLowerCase());
  const names = new Map<string, string[]>();
  for (const { cells, line } of rows) {
    const [id = '', ...values] = cells;
    if (id === '') throw new Error(`${where}, line ${line}: the image has no id`);
    if (!isNamed && names.has(id)) throw new Error(`${where}, line ${line}: ${id} comes twice`);
    const shown = isNamed ? separated(values[0]!) : marked(columns, values, `${where}, line ${line}`);
    names.set(id, [...new Set([...(names.get(id) ?? []), ...shown])]);
  }
  return isNamed ? { names } : { names, classes: columns };
}

interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

function table(text: string, where: string): Row[] {
  try {
    const records = parse(text, {
      bom: true,
      delimiter: [',', '\t'],
      record_delimiter: ['\r\n', '\n'],
      skip_empty_lines: true,
      trim: true,
      info: true,
    });
    return (records as unknown as { record: string[]; info: { lines: number } }[]).map(
      ({ record, info }) => ({
        cells: record,
        line: info.lines,
      }),
    );
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message.replaceAll(/\s+/g, ' ')}`, { cause: error });
  }
}

function separated(cell: string): string[] {
  return cell
    .split(/[;|]/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function marked(columns: readonly string[], values: readonly string[], where: string): string[] {
  return columns.filter((name, i) => {
    const value = values[i]!;
    if (!/^[01](?:\.0*)?$/.test(value)) throw new Error(`${where}: "${value}" of ${name} is neither 0 nor 1`);
    return value.startsWith('1');
  });
}
