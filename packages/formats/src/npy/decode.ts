import { decodeElements, elementSize } from '../elements.js';
import { refuse } from '../format-error.js';
import type { NDArray } from '../nd-array.js';
import { elementCount } from '../shape.js';
import { toRowMajor } from '../strided.js';
import { readNpyHeader } from './header.js';

/**
 * The array of an npy file (versions 1 to 3, either byte order, either memory order), row-major.
 *
 * @throws FormatError in one line for what is no whole npy file, and for arrays of Python objects (see `decodeNpyObjects`)
 * @example
 * const { shape, data } = decodeNpy(await readFile('features.npy'));
 */
export function decodeNpy(bytes: Uint8Array): NDArray {
  const { type, fortranOrder, shape, dataStart } = readNpyHeader(bytes);
  if (type === 'object') refuse('npy file holds Python objects: read it with decodeNpyObjects');
  const { dtype, bigEndian } = type;
  const length = elementCount(shape) * elementSize[dtype];
  if (dataStart + length !== bytes.length) {
    refuse(
      `npy array of ${dtype}[${shape.join()}] takes ${length} bytes, ${bytes.length - dataStart} follow its header`,
    );
  }
  const data = decodeElements(bytes.subarray(dataStart), dtype, bigEndian);
  return { dtype, shape, data: fortranOrder ? toRowMajor(data, shape) : data };
}
