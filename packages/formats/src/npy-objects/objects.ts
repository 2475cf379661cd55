import { concatenate } from '../concatenate.js';
import { refuse } from '../format-error.js';
import { decodePickle } from '../pickle/decode.js';
import { encodePickle } from '../pickle/encode.js';
import { isObjectArray, type ObjectArray } from '../pickle/values.js';
import { elementCount } from '../shape.js';
import { encodeNpyHeader } from '../npy/encode.js';
import { readNpyHeader } from '../npy/header.js';

/**
 * The Python objects of an npy file that was written with `np.save` of something that is no array of numbers: a dictionary, a
 * list of arrays of different sizes. They are read by the restricted pickle reader (see `decodePickle`).
 *
 * @throws FormatError in one line
 * @example
 * const { values } = decodeNpyObjects(await readFile('boxes.npy')); // np.save('boxes.npy', {...}): shape [], one Map
 */
export function decodeNpyObjects(bytes: Uint8Array): ObjectArray {
  const { type, dataStart, shape } = readNpyHeader(bytes);
  if (type !== 'object') refuse(`npy file holds ${type.dtype}, no Python objects: read it with decodeNpy`);
  const array = decodePickle(bytes.subarray(dataStart));
  if (!isObjectArray(array) || elementCount(array.shape) !== elementCount(shape)) {
    refuse('npy file of Python objects does not hold the array that its header announces');
  }
  return { dtype: 'object', shape, values: array.values };
}

/** The bytes of an npy file that `np.load(path, allow_pickle=True)` reads. */
export function encodeNpyObjects(array: ObjectArray): Uint8Array {
  if (array.values.length !== elementCount(array.shape)) {
    refuse(`an array of shape [${array.shape.join()}] can't have ${array.values.length} objects`);
  }
  return concatenate([encodeNpyHeader('|O', array.shape), encodePickle(array)]);
}
