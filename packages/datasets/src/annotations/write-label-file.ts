import { encodeLabelDictionary } from '@toco/formats';
import { counted, UserError, writeWhole } from '@toco/files';
import type { LabelTable } from './label-table.js';

/**
 * Writes image-level labels as {@link readLabelFile} reads them: `.npy` is the pickled dictionary of 0/1 vectors that NumPy
 * loads with `np.load(path, allow_pickle=True).item()`, `.json` holds class names by id.
 *
 * @throws One line for another extension, labels that do not fit the classes, or a file that can't be written.
 *
 * @example
 * await writeLabelFile('cls_labels_onehot.npy', new Map([['2007_000033', Uint8Array.of(1, 0)]]), ['cat', 'dog']);
 */
export async function writeLabelFile(
  path: string,
  labels: LabelTable,
  classes: readonly string[],
): Promise<void> {
  for (const [id, vector] of labels) {
    if (vector.length !== classes.length) {
      throw new UserError(
        `${path}, ${id}: ${counted(vector.length, 'label')} for ${counted(classes.length, 'class', 'classes')}`,
      );
    }
  }
  if (path.endsWith('.npy')) {
    const dictionary = new Map(Array.from(labels, ([id, vector]) => [id, Float32Array.from(vector)]));
    await writeWhole(path, [encodeLabelDictionary(dictionary)]);
  } else if (path.endsWith('.json')) {
    await writeWhole(path, [new TextEncoder().encode(labelsAsJson(labels, classes))]);
  } else {
    throw new UserError(`${path}: label files end in .npy or .json`);
  }
}

/** One line per image, so that the file can be searched and compared. */
function labelsAsJson(labels: LabelTable, classes: readonly string[]): string {
  const lines = Array.from(labels, ([id, vector]) => {
    const names = classes.filter((_, index) => vector[index] === 1);
    return `  ${JSON.stringify(id)}: ${JSON.stringify(names)}`;
  });
  return lines.length === 0 ? '{}\n' : `{\n${lines.join(',\n')}\n}\n`;
}
