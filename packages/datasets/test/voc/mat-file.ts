import { deflateSync } from 'node:zlib';

const types = { uint8: 2, int32: 5, uint32: 6, matrix: 14, compressed: 15 };
const classes = { struct: 2, uint8: 9 };

function element(type: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc((8 - (content.length % 8)) % 8)]);
}

function integers(...values: number[]): Buffer {
  return Buffer.from(Int32Array.from(values).buffer);
}

function matrix(
  kind: number,
  name: string,
  shape: readonly number[],
  content: readonly Uint8Array[],
): Buffer {
  return element(
    types.matrix,
    Buffer.concat([
      element(types.uint32, integers(kind, 0)),
      element(types.int32, integers(...shape)),
      element(1, Buffer.from(name)),
      ...content,
    ]),
  );
}

/** A MATLAB file of SBD's form: `GTcls`, a structure with `Segmentation`, the classes column by column. */
export function sbdMatFile(mask: Uint8Array, height: number, width: number): Buffer {
  const columns = Uint8Array.from(
    { length: mask.length },
    (_, i) => mask[(i % height) * width + Math.floor(i / height)]!,
  );
  const names = Buffer.alloc(64);
  names.write('Segmentation', 0);
  names.write('CategoriesPresent', 32);
  const truth = matrix(
    classes.struct,
    'GTcls',
    [1, 1],
    [
      element(types.int32, integers(32)),
      element(1, names),
      matrix(classes.uint8, '', [height, width], [element(types.uint8, columns)]),
      matrix(classes.uint8, '', [1, 1], [element(types.uint8, Uint8Array.of(1))]),
    ],
  );
  const header = Buffer.alloc(128, ' ');
  header.write('MATLAB 5.0 MAT-file');
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126);
  const packed = deflateSync(truth);
  const tag = Buffer.from(Uint32Array.of(types.compressed, packed.length).buffer);
  return Buffer.concat([header, tag, packed]);
}
