import { deflateSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeMat } from '../src/mat/decode.js';
import type { MatStruct, MatValue } from '../src/mat/values.js';
import type { NDData } from '../src/nd-array.js';
import type { NDArray } from '../src/nd-array.js';
import { fromBase64, golden } from './support/golden.js';
import { mutate } from './support/mutate.js';

const written = golden('matlab') as {
  sbd: { packed: string; plain: string; segmentation: number[]; shape: number[] };
  numbers: {
    packed: string;
    plain: string;
    values: Record<string, { dtype: string; shape: number[]; values: number[] }>;
  };
  others: string;
  complex: string;
};

describe('what SciPy wrote', () => {
  test.each(['packed', 'plain'] as const)("a file of SBD's form, %s", (form) => {
    const truth = decodeMat(fromBase64(written.sbd[form])).get('GTcls') as MatStruct;
    expect(truth.shape).toEqual([1, 1]);
    const fields = truth.elements[0]!;
    expect([...fields.keys()]).toEqual(['Segmentation', 'Boundaries', 'CategoriesPresent']);
    expect(fields.get('Segmentation')).toEqual({
      dtype: 'uint8',
      shape: written.sbd.shape,
      data: Uint8Array.from(written.sbd.segmentation),
    });
    expect(fields.get('CategoriesPresent')).toEqual({
      dtype: 'uint8',
      shape: [2, 1],
      data: new Uint8Array([3, 15]),
    });
    const boundaries = fields.get('Boundaries') as { kind: 'cell'; shape: number[]; elements: MatValue[] };
    expect(boundaries.shape).toEqual([20, 1]);
    expect(boundaries.elements).toEqual(Array(20).fill({ kind: 'skipped', what: 'sparse matrix' }));
  });

  test.each(['packed', 'plain'] as const)('numbers of every type, %s', (form) => {
    const variables = decodeMat(fromBase64(written.numbers[form])) as Map<string, NDArray>;
    expect([...variables.keys()].sort()).toEqual(Object.keys(written.numbers.values).sort());
    for (const [name, { dtype, shape, data }] of variables) {
      const values = Array.from<number | bigint>(data as NDData & Iterable<number | bigint>).map(Number);
      expect([name, { dtype, shape, values }]).toEqual([name, written.numbers.values[name]]);
    }
  });

  test('logicals, text, cells and arrays of structures', () => {
    const variables = decodeMat(fromBase64(written.others));
    expect(variables.get('flags')).toEqual({ dtype: 'bool', shape: [1, 3], data: new Uint8Array([1, 0, 1]) });
    expect(variables.get('word')).toBe('grün');
    expect(variables.get('rows')).toBe('abc\ndef');
    expect(variables.get('sparse')).toEqual({ kind: 'skipped', what: 'sparse matrix' });
    expect(variables.get('cells')).toEqual({
      kind: 'cell',
      shape: [2, 2],
      elements: [
        { dtype: 'float64', shape: [1, 1], data: new Float64Array([1.5]) },
        'text',
        { dtype: 'float64', shape: [0, 0], data: new Float64Array() },
        { dtype: 'int16', shape: [1, 2], data: new Int16Array([1, 2]) },
      ],
    });
    const size = (...values: number[]): NDArray => ({
      dtype: 'int32',
      shape: [1, 2],
      data: new Int32Array(values),
    });
    expect(variables.get('structs')).toEqual({
      kind: 'struct',
      shape: [1, 2],
      elements: [
        new Map<string, MatValue>([
          ['name', 'a'],
          ['size', size(1, 2)],
        ]),
        new Map<string, MatValue>([
          ['name', 'bc'],
          ['size', size(3, 4)],
        ]),
      ],
    });
  });
});

/** Writes elements by the format's rules, in either byte order, so that forged files can be made. */
class MatWriter {
  readonly #littleEndian: boolean;

  constructor(littleEndian = true) {
    this.#littleEndian = littleEndian;
  }

  words(...values: number[]): Uint8Array {
    const view = new DataView(new ArrayBuffer(values.length * 4));
    values.forEach((value, i) => view.setUint32(i * 4, value, this.#littleEndian));
    return new Uint8Array(view.buffer);
  }

  element(type: number, body: Uint8Array): Uint8Array {
    const padding = type === 15 ? 0 : (8 - (body.length % 8)) % 8;
    return Buffer.concat([this.words(type, body.length), body, new Uint8Array(padding)]);
  }

  matrix(settings: {
    kind: number;
    shape: number[];
    flags?: number;
    name?: string;
    rest: Uint8Array[];
  }): Uint8Array {
    const { kind, shape, flags = 0, name = 'x', rest } = settings;
    return this.element(
      14,
      Buffer.concat([
        this.element(6, this.words(kind + flags, 0)),
        this.element(5, this.words(...shape)),
        this.element(1, Buffer.from(name)),
        ...rest,
      ]),
    );
  }

  file(...elements: Uint8Array[]): Uint8Array {
    const header = Buffer.alloc(128, ' ');
    header.write('MATLAB 5.0 MAT-file');
    header.write(this.#littleEndian ? '\0\x01IM' : '\x01\0MI', 124, 'latin1');
    return Buffer.concat([header, ...elements]);
  }
}

describe('our own files', () => {
  test('numbers survive both byte orders, packed or not', () => {
    const anyCase = fc.record({
      littleEndian: fc.boolean(),
      packed: fc.boolean(),
      shape: fc.array(fc.nat({ max: 4 }), { minLength: 2, maxLength: 3 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(anyCase, ({ littleEndian, packed, shape, seed }) => {
        const writer = new MatWriter(littleEndian);
        const count = shape.reduce((product, size) => product * size, 1);
        // Column by column: the first index runs fastest.
        const at = (index: number[]): number => (seed + index.reduce((sum, i) => sum * 7 + i, 0)) % 1000;
        const columns: number[] = [];
        for (let i = 0; i < count; i++) {
          let rest = i;
          columns.push(at(shape.map((size) => [rest % size, (rest = Math.floor(rest / size))][0]!)));
        }
        const rows: number[] = [];
        for (let i = 0; i < count; i++) {
          let rest = i;
          rows.push(
            at(
              shape
                .toReversed()
                .map((size) => [rest % size, (rest = Math.floor(rest / size))][0]!)
                .toReversed(),
            ),
          );
        }
        const matrix = writer.matrix({ kind: 6, shape, rest: [writer.element(6, writer.words(...columns))] });
        const element = packed ? writer.element(15, deflateSync(matrix)) : matrix;
        expect([...decodeMat(writer.file(element))]).toEqual([
          ['x', { dtype: 'float64', shape, data: Float64Array.from(rows) }],
        ]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('what is refused', () => {
  const w = new MatWriter();
  const bytes = (length: number): Uint8Array => w.element(2, new Uint8Array(length));
  const nest = (depth: number): Uint8Array =>
    w.matrix({
      kind: 1,
      shape: [1, 1],
      rest: [depth === 0 ? w.element(14, new Uint8Array()) : nest(depth - 1)],
    });
  test.each<[string, Uint8Array]>([
    ['no MATLAB file of version 5', new Uint8Array(10)],
    ['MATLAB 7.3', Buffer.concat([Buffer.from('MATLAB 7.3 MAT-file'), new Uint8Array(200)])],
    ['complex numbers', fromBase64(written.complex)],
    ['cut short', w.file(w.matrix({ kind: 9, shape: [2, 2], rest: [bytes(4)] })).subarray(0, -8)],
    ['takes 6 bytes, it has 4', w.file(w.matrix({ kind: 9, shape: [2, 3], rest: [bytes(4)] }))],
    [
      'too many elements',
      w.file(w.matrix({ kind: 9, shape: [2 ** 30, 2 ** 30, 2 ** 30], rest: [bytes(4)] })),
    ],
    ['not a size', w.file(w.matrix({ kind: 9, shape: [2 ** 31, 1], rest: [bytes(4)] }))],
    ['more elements than its', w.file(w.matrix({ kind: 1, shape: [1e9, 1], rest: [] }))],
    [
      'more elements than its',
      w.file(
        w.matrix({
          kind: 2,
          shape: [1e9, 1],
          rest: [w.element(5, w.words(8)), w.element(1, new Uint8Array())],
        }),
      ),
    ],
    ['no length', w.file(w.matrix({ kind: 2, shape: [1, 1], rest: [w.element(5, w.words(0)), bytes(8)] }))],
    ['nested deeper than 32', w.file(nest(40))],
    ['unknown class 30', w.file(w.matrix({ kind: 30, shape: [1, 1], rest: [bytes(1)] }))],
    [
      'unknown type 99',
      w.file(w.matrix({ kind: 9, shape: [1, 1], rest: [w.element(99, new Uint8Array(1))] })),
    ],
    ['of type 2 instead of a matrix', w.file(bytes(4))],
    [
      'of type 15 instead of a matrix',
      w.file(w.element(15, deflateSync(w.element(15, deflateSync(bytes(4)))))),
    ],
    ['two variables "x"', w.file(nest(0), nest(0))],
    ['damaged or cut', w.file(w.element(15, new Uint8Array(9)))],
  ])('%s', (message, file) => {
    expect(() => decodeMat(file)).toThrow(message);
  });

  test('what unpacks beyond the limit', () => {
    const packed = w.file(w.element(15, deflateSync(new Uint8Array(1e6))));
    expect(() => decodeMat(packed, { limit: 1e5 })).toThrow('unpacks to more than 100000 bytes');
  });
});

test('damaged files are read or refused', () => {
  const samples = [written.sbd.plain, written.numbers.plain, written.others].map(fromBase64);
  const { inputs, refused, read, slowest, largest } = mutate(samples, (bytes) => decodeMat(bytes));
  expect(refused + read).toBe(inputs);
  expect(refused).toBeGreaterThan(inputs * 0.3);
  expect(read).toBeGreaterThan(inputs * 0.05);
  expect(slowest).toBeLessThan(500);
  expect(largest).toBeLessThan(2 ** 22);

  // Packed files are mostly refused by deflate's own checks, which are part of the reader too.
  const packed = mutate([written.sbd.packed, written.numbers.packed].map(fromBase64), (bytes) =>
    decodeMat(bytes),
  );
  expect(packed.refused).toBeGreaterThan(packed.inputs * 0.33);
  expect(packed.largest).toBeLessThan(2 ** 22);
});
