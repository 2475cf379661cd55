import { ByteReader } from '../byte-reader.js';
import { quote, refuse } from '../format-error.js';
import { inflateAtMost } from '../inflate.js';
import { elementType, readElement } from './element.js';
import { readMatrix } from './matrix.js';
import type { MatValue } from './values.js';

/** Memory for what is packed in a file: a thousand times what a mask of an ordinary photograph takes. */
const defaultLimit = 2 ** 28;

/**
 * The variables of a MATLAB file (version 5, which MATLAB calls 6 and 7), packed or not, in either byte order.
 *
 * Structures and cells are read with all they hold; sparse matrices, objects and functions are passed over.
 *
 * @param options `limit`: bytes that packed variables may unpack to together (default 256 MiB)
 * @throws FormatError in one line for damaged files, complex numbers, and version 7.3, which is HDF5
 * @example
 * const GTcls = decodeMat(await readFile('cls/2008_000002.mat')).get('GTcls') as MatStruct;
 * const mask = GTcls.elements[0]!.get('Segmentation') as NDArray; // [height, width]
 */
export function decodeMat(bytes: Uint8Array, { limit = defaultLimit } = {}): Map<string, MatValue> {
  const littleEndian = readByteOrder(bytes);
  const variables = new Map<string, MatValue>();
  const reader = new ByteReader(bytes, 128, littleEndian);
  let left = limit;
  while (reader.remaining > 0) {
    let element = readElement(reader);
    if (element.type === elementType.compressed) {
      const unpacked = inflateAtMost(element.bytes, left, 'zlib');
      left -= unpacked.length;
      element = readElement(new ByteReader(unpacked, 0, littleEndian));
    }
    const { name, value } = readMatrix(element, littleEndian);
    if (variables.has(name)) refuse(`MATLAB file has two variables ${quote(name)}`);
    variables.set(name, value);
  }
  return variables;
}

function readByteOrder(bytes: Uint8Array): boolean {
  const header = Buffer.from(bytes.subarray(0, 128)).toString('latin1');
  if (header.startsWith('MATLAB 7.3') || header.startsWith('\x89HDF')) {
    refuse('is a MATLAB 7.3 file (HDF5): save it again with `save -v7`');
  }
  const order = header.slice(126);
  if (order !== 'IM' && order !== 'MI') refuse('is no MATLAB file of version 5');
  return order === 'IM';
}
