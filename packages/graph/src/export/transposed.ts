import type { Constant } from './graph-def.js';

/** A matrix `[rows,columns]` of elements of four bytes as `[columns,rows]`. */
export function transposed({ dtype, shape, bytes }: Constant): Constant {
  const [rows = 0, columns = 0] = shape;
  // Elements of four bytes are moved as they are.
  const source = new Uint32Array(bytes.buffer, bytes.byteOffset, rows * columns);
  const target = new Uint32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      target[column * rows + row] = source[row * columns + column]!;
    }
  }
  return { dtype, shape: [columns, rows], bytes: new Uint8Array(target.buffer) };
}
