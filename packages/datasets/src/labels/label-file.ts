import { readFile } from 'node:fs/promises';
import { decodeLabelDictionary } from '@toco/formats';
import { checkLabels, labelsOfNames, type LabelTable } from './label-table.js';

/**
 * The image-level labels in a file: `cls_labels_onehot.npy`, the pickled dictionary of 0/1 vectors that projects of the
 * field exchange, or JSON (`{ "2007_000033": ["aeroplane", "person"] }`, class names by id).
 *
 * @throws One line that names the file, and the id where one is wrong.
 *
 * @example
 * const labels = await readLabelFile('cls_labels_onehot.npy', vocClasses);
 * labels.get('2007_000033'); // Uint8Array of 20 values
 */
export async function readLabelFile(path: string, classes: readonly string[]): Promise<LabelTable> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new Error(`${path}: the label file can't be read (${(error as Error).message.split(',')[0]})`, {
      cause: error,
    });
  }
  if (path.endsWith('.json')) return labelsInJson(new TextDecoder().decode(bytes), classes, path);
  if (path.endsWith('.npy')) return labelsInNpy(bytes, classes, path);
  throw new Error(`${path}: label files end in .npy or .json`);
}

function labelsInNpy(bytes: Uint8Array, classes: readonly string[], path: string): LabelTable {
  const dictionary = parsed(path, () => decodeLabelDictionary(bytes));
  return new Map(
    Array.from(dictionary, ([id, values]) => [id, checkLabels(values, classes, `${path}, ${id}`)]),
  );
}

function labelsInJson(text: string, classes: readonly string[], path: string): LabelTable {
  const document = parsed(path, () => JSON.parse(text) as unknown);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new Error(`${path}: not an object of class names by image id`);
  }
  return new Map(
    Object.entries(document).map(([id, names]: [string, unknown]) => {
      if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
        throw new Error(`${path}, ${id}: not a list of class names`);
      }
      return [id, labelsOfNames(names, classes, `${path}, ${id}`)];
    }),
  );
}

function parsed<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}
