import type { ByteReader } from '../byte-reader.js';
import { refuse } from '../format-error.js';
import type { DType } from '../nd-array.js';

/** Codes of a data element's type. */
export const elementType = { matrix: 14, compressed: 15 } as const;

/** Numeric types by code; the three Unicode codes are read as their units. */
const unitTypes = new Map<number, DType>([
  [1, 'int8'],
  [2, 'uint8'],
  [3, 'int16'],
  [4, 'uint16'],
  [5, 'int32'],
  [6, 'uint32'],
  [7, 'float32'],
  [9, 'float64'],
  [12, 'int64'],
  [13, 'uint64'],
  [16, 'uint8'],
  [17, 'uint16'],
  [18, 'uint32'],
]);

/** A tagged piece of a MATLAB file. */
export interface MatElement {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** The next element with its padding; up to four bytes may stand inside the tag itself. */
export function readElement(reader: ByteReader): MatElement {
  const first = reader.uint32();
  const smallSize = first >>> 16;
  if (smallSize !== 0) {
    if (smallSize > 4) refuse(`MATLAB element has ${smallSize} bytes where 4 have room`);
    return { type: first & 0xffff, bytes: reader.take(4).subarray(0, smallSize) };
  }
  const size = reader.uint32();
  const bytes = reader.take(size);
  // Packed elements follow each other without padding, and the last one of a file may lack it.
  if (first !== elementType.compressed) reader.take(Math.min((8 - (size % 8)) % 8, reader.remaining));
  return { type: first, bytes };
}

/** The type in which an element's numbers are stored. */
export function unitType(type: number): DType {
  return unitTypes.get(type) ?? refuse(`MATLAB element has an unknown type ${type}`);
}
