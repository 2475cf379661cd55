import { quote, refuse } from '../format-error.js';
import { isNDArray } from '../nd-array.js';
import type { PickleValue } from '../pickle/values.js';
import { decodeNpyObjects, encodeNpyObjects } from './objects.js';

/**
 * Image-level labels as the field keeps them (`cls_labels_onehot.npy`): a pickled dictionary from an image's name to one number
 * per class, 1 where the class is in the image.
 *
 * @returns names in the file's order, each with its labels, all of one length
 * @throws FormatError in one line for anything else
 * @example
 * const labels = decodeLabelDictionary(await readFile('cls_labels_onehot.npy'));
 * labels.get('2007_000032'); // Float32Array(20) [1, 0, 0, …]
 */
export function decodeLabelDictionary(bytes: Uint8Array): Map<string, Float32Array> {
  const { shape, values } = decodeNpyObjects(bytes);
  const [dictionary] = values;
  if (shape.length !== 0 || !(dictionary instanceof Map)) refuse('label file does not hold a dictionary');
  const labels = new Map<string, Float32Array>();
  // A forged file could name one large array for a million images: each is widened once.
  const widened = new Map<PickleValue, Float32Array>();
  for (const [key, value] of dictionary) {
    const name = String(key);
    if (!isNDArray(value) || value.shape.length !== 1) {
      refuse(`label file has no vector of labels for ${quote(name)}`);
    }
    const vector = widened.get(value) ?? Float32Array.from(value.data as Float32Array, Number);
    widened.set(value, vector);
    labels.set(name, vector);
  }
  assertOneLength(labels);
  return labels;
}

function assertOneLength(labels: ReadonlyMap<string, Float32Array>): void {
  let length: number | undefined;
  for (const [name, vector] of labels) {
    length ??= vector.length;
    if (vector.length !== length) {
      refuse(`label file has ${vector.length} labels for ${quote(name)}, but ${length} before`);
    }
  }
}

/**
 * The bytes of a label file: NumPy reads it with `np.load(path, allow_pickle=True).item()`.
 *
 * @param labels names, each with one number per class
 * @example
 * await writeFile('cls_labels_onehot.npy', encodeLabelDictionary(new Map([['a', new Float32Array([0, 1])]])));
 */
export function encodeLabelDictionary(labels: ReadonlyMap<string, Float32Array>): Uint8Array {
  assertOneLength(labels);
  const dictionary = new Map(
    [...labels].map(([name, data]) => [name, { dtype: 'float32', shape: [data.length], data }] as const),
  );
  return encodeNpyObjects({ dtype: 'object', shape: [], values: [dictionary] });
}
