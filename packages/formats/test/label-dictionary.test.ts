import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { sharedPath } from './shared-path.js';
import fc from 'fast-check';
import { decodeLabelDictionary, encodeLabelDictionary } from '../src/npy-objects/label-dictionary.js';
import { decodeNpyObjects, encodeNpyObjects } from '../src/npy-objects/objects.js';
import { encodeNpy } from '../src/npy/encode.js';
import { fromBase64, golden } from './support/golden.js';
import { mutate } from './support/mutate.js';
import { testWhere } from './support/test-where.js';
import { askPython, findPython } from './support/python.js';

const { labels, objects } = golden('numpy') as { labels: string; objects: string };
const oneHot = (length: number, index: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Number(i === index));

describe('reading', () => {
  test('what NumPy wrote', () => {
    expect([...decodeLabelDictionary(fromBase64(labels))]).toEqual([
      ['2007_000000', oneHot(20, 0)],
      ['2007_000001', oneHot(20, 1)],
      ['2007_000002', oneHot(20, 2)],
    ]);
  });

  test('arrays of Python objects', () => {
    const { shape, values } = decodeNpyObjects(fromBase64(objects));
    expect(shape).toEqual([2]);
    expect(values[1]).toEqual([1, 2n ** 70n, -5]);
    const first = values[0] as Map<string, unknown>;
    expect(first.get('a')).toBe(1);
    expect((first.get('b') as unknown[]).slice(0, 4)).toEqual([true, null, 2.5, 'ü']);
  });

  test('whole numbers and booleans are labels too, names may be numbers', () => {
    const dictionary = new Map<
      number,
      { dtype: 'int64' | 'bool'; shape: number[]; data: BigInt64Array | Uint8Array }
    >([
      [139, { dtype: 'int64', shape: [2], data: new BigInt64Array([1n, 0n]) }],
      [285, { dtype: 'bool', shape: [2], data: new Uint8Array([0, 1]) }],
    ]);
    const file = encodeNpyObjects({ dtype: 'object', shape: [], values: [dictionary] });
    expect([...decodeLabelDictionary(file)]).toEqual([
      ['139', oneHot(2, 0)],
      ['285', oneHot(2, 1)],
    ]);
  });

  test.each([
    [fromBase64(objects), 'does not hold a dictionary'],
    [encodeNpy({ dtype: 'float32', shape: [1], data: new Float32Array(1) }), 'no Python objects'],
    [
      encodeNpyObjects({ dtype: 'object', shape: [], values: [new Map([['a', 1]])] }),
      'no vector of labels for "a"',
    ],
  ])('refuses other files (%#)', (file, message) => {
    expect(() => decodeLabelDictionary(file)).toThrow(message);
  });

  const path = sharedPath('data/voc-mini/cls_labels_onehot.npy');
  testWhere(path, 'the data set is missing')("the field's own file", () => {
    const read = decodeLabelDictionary(readFileSync(path!));
    expect(read.size).toBe(2949);
    expect([...read.keys()][0]).toBe('2007_000033');
    expect(read.get('2007_000033')).toEqual(oneHot(20, 0));
    for (const vector of read.values()) {
      expect(vector.length).toBe(20);
      expect(vector.some((value) => value === 1) && vector.every((value) => value === 0 || value === 1)).toBe(
        true,
      );
    }
    expect([...decodeLabelDictionary(encodeLabelDictionary(read))]).toEqual([...read]);
  });
});

describe('writing', () => {
  const anyLabels = fc
    .nat({ max: 8 })
    .chain((length) =>
      fc
        .uniqueArray(fc.string({ unit: 'grapheme' }), { maxLength: 5 })
        .chain((names) =>
          fc.tuple(
            ...names.map((name) =>
              fc
                .array(fc.float({ noNaN: true }), { minLength: length, maxLength: length })
                .map((values): [string, Float32Array] => [name, new Float32Array(values)]),
            ),
          ),
        ),
    );

  test('what is written reads back', () => {
    fc.assert(
      fc.property(anyLabels, (entries) => {
        expect([...decodeLabelDictionary(encodeLabelDictionary(new Map(entries)))]).toEqual(entries);
      }),
      { numRuns: 300 },
    );
  });

  test('vectors of different lengths are refused', () => {
    const uneven = new Map([
      ['a', oneHot(2, 0)],
      ['b', oneHot(3, 0)],
    ]);
    expect(() => encodeLabelDictionary(uneven)).toThrow('has 3 labels for "b", but 2 before');
  });

  const python = findPython('numpy');
  testWhere(python, 'no Python with numpy, see TOCO_TEST_PYTHON')('NumPy reads it', () => {
    const script = `
import json, sys, numpy as np
value = np.load(sys.argv[1], allow_pickle=True).item()
print(json.dumps({k: [v.dtype.name, v.tolist()] for k, v in value.items()}))`;
    const file = encodeLabelDictionary(
      new Map([
        ['grüße', oneHot(3, 1)],
        ['b', oneHot(3, 2)],
      ]),
    );
    expect(askPython(python!, script, file)).toEqual({
      grüße: ['float32', [0, 1, 0]],
      b: ['float32', [0, 0, 1]],
    });
  });
});

test('damaged files are read or refused', () => {
  const samples = [
    fromBase64(labels),
    encodeLabelDictionary(
      new Map([
        ['a', oneHot(3, 1)],
        ['b', oneHot(3, 2)],
      ]),
    ),
  ];
  const { inputs, refused, read, slowest, largest } = mutate(samples, decodeLabelDictionary);
  expect(refused + read).toBe(inputs);
  expect(refused).toBeGreaterThan(inputs * 0.3);
  expect(read).toBeGreaterThan(inputs * 0.05);
  expect(slowest).toBeLessThan(500);
  expect(largest).toBeLessThan(2 ** 20);
});
