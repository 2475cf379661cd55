import { encodeElements } from '../elements.js';
import type { NDArray } from '../nd-array.js';
import { numpyTypeName } from './header.js';

/** Header of an npy file, version 1, padded so that the elements begin at a multiple of 64 bytes. */
export function encodeNpyHeader(typeName: string, shape: readonly number[]): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${typeName}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = new Uint8Array(length);
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(header.buffer).setUint16(8, length - 10, true);
  header.set(new TextEncoder().encode(`${text.padEnd(length - 11)}\n`), 10);
  return header;
}

/**
 * The bytes of an npy file (version 1, little-endian, row-major), which NumPy's `np.load` reads.
 *
 * @throws FormatError for bfloat16, which NumPy does not know
 * @example
 * await writeFile('cam.npy', encodeNpy({ dtype: 'float32', shape: [2, 2], data: new Float32Array([0, 1, 2, 3]) }));
 */
export function encodeNpy(array: NDArray): Uint8Array {
  const header = encodeNpyHeader(numpyTypeName(array.dtype), array.shape);
  const elements = encodeElements(array);
  const out = new Uint8Array(header.length + elements.length);
  out.set(header);
  out.set(elements, header.length);
  return out;
}
