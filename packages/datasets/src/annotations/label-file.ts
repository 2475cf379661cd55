import { decodeLabelDictionary } from '@toco/formats';
import { csvLabels, type NamedLabels } from './csv-labels.js';
import { jsonLabels } from './json-labels.js';
import { readOrdinaryFile } from '../image/ordinary-file.js';
import { readTextFile } from './text-file.js';
import { checkLabels, labelsOfNames, type LabelTable } from './label-table.js';
import { UserError } from '@toco/files';

/**
 * The image-level labels in a file: `cls_labels_onehot.npy`, the pickled dictionary of 0/1 vectors that projects of the
 * field exchange; JSON (`{ "2007_000033": ["aeroplane", "person"] }`, class names by id); or CSV (`id,label`, or one column per
 * class).
 *
 * @throws One line that names the file, and the id where one is wrong.
 *
 * @example
 * const labels = await readLabelFile('cls_labels_onehot.npy', vocClasses);
 * labels.get('2007_000033'); // Uint8Array of 20 values
 */
export async function readLabelFile(path: string, classes: readonly string[]): Promise<LabelTable> {
  if (path.endsWith('.npy')) return labelsInNpy(await readOrdinaryFile(path), classes, path);
  const { names } = await readNamedLabels(path);
  return new Map(Array.from(names, ([id, shown]) => [id, labelsOfNames(shown, classes, `${path}, ${id}`)]));
}

/**
 * The class names in a `.json` or `.csv` file by image id.
 *
 * @throws One line that names the file, and the place where it is wrong.
 */
export async function readNamedLabels(path: string): Promise<NamedLabels> {
  const parse = path.endsWith('.json') ? jsonLabels : path.endsWith('.csv') ? csvLabels : undefined;
  if (parse === undefined) throw new UserError(`${path}: label files end in .npy, .json or .csv`);
  return parse(await readTextFile(path), path);
}

function labelsInNpy(bytes: Uint8Array, classes: readonly string[], path: string): LabelTable {
  let dictionary: ReadonlyMap<string, Float32Array>;
  try {
    dictionary = decodeLabelDictionary(bytes);
  } catch (error) {
    throw new UserError(`${path}: ${(error as Error).message}`, { cause: error });
  }
  return new Map(
    Array.from(dictionary, ([id, values]) => [id, checkLabels(values, classes, `${path}, ${id}`)]),
  );
}
