import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodePickle } from '../src/pickle/decode.js';
import { encodePickle } from '../src/pickle/encode.js';
import type { PickleKey, PickleValue } from '../src/pickle/values.js';
import { integerBytes, readInteger } from '../src/pickle/numbers.js';
import { anyArray, everyDType } from './support/arbitrary.js';
import { fromBase64, golden } from './support/golden.js';
import { mutate } from './support/mutate.js';
import { testWhere } from './support/test-where.js';
import { askPython, findPython } from './support/python.js';

const { pickles } = golden('numpy') as { pickles: Record<string, string> };
const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

test.each(Object.entries(pickles))('protocol %s', (_, file) => {
  const { array, fortran, object, ...rest } = Object.fromEntries(
    decodePickle(fromBase64(file)) as Map<string, PickleValue>,
  );
  expect(array).toEqual({ dtype: 'float32', shape: [2, 3], data: new Float32Array([0, 1, 2, 3, 4, 5]) });
  expect(fortran).toEqual({ dtype: 'int16', shape: [2, 3], data: new Int16Array([0, 1, 2, 3, 4, 5]) });
  expect(object).toEqual({ dtype: 'object', shape: [], values: [new Map([['x', 1]])] });
  expect({ ...rest, bytes: [...(rest['bytes'] as Uint8Array)] }).toEqual({
    big: { dtype: 'float64', shape: [2], data: new Float64Array([1.5, -2]) },
    scalar: 0.5,
    flag: true,
    text: 'grüße',
    bytes: [0, 1, 255],
    numbers: [0, 1, -1, 255, 256, 65536, -(2 ** 31), 2 ** 31, 2n ** 63n, -(2n ** 100n), 1.5, -0],
    long: [0, 500, 1000, 1500, 2000, 2500],
    nested: [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4], [], new Map(), null, true, false],
  });
});

describe('what is refused', () => {
  test.each([
    ["cos\nsystem\n(S'echo'\ntR.", 'pickle names "os.system", which is not on the list'],
    ['c__builtin__\neval\n(V1\ntR.', '"__builtin__.eval"'],
    ['cbuiltins\ngetattr\n.', '"builtins.getattr"'],
    ['cnumpy\nload\n.', '"numpy.load"'],
    ['cnumpy.core.multiarray\n_reconstruct.x\n.', '"numpy.core.multiarray._reconstruct.x"'],
    ['\x80\x04\x8c\x02os\x8c\x06system\x93.', '"os.system"'],
    ["(S'echo'\nios\nsystem\n.", 'opcode 0x69'],
    ['\x80\x02\x82\x01.', 'opcode 0x82'],
    ['\x80\x06.', 'protocol beyond 5'],
    ['K\x01K\x01R.', 'calls something without arguments'],
    ['K\x01)R.', 'not a function'],
    ['cnumpy\nndarray\n)R.', 'not a function'],
    ['K\x01K\x01b.', 'takes none'],
    ['}](K\x01K\x02u.', 'not a dictionary'],
    ['}]K\x01s.', 'neither a text nor a number'],
    ['}(K\x01u.', 'a key without a value'],
    ['}K\x01a.', 'not a list'],
    ['.', 'takes more from its stack'],
    ['](.', 'takes more from its stack'],
    ['t.', 'a group that it did not begin'],
    ['h\x05.', 'did not hold before'],
    ['Ux.', 'is cut short'],
    ['\x8e\xff\xff\xff\xff\xff\xff\xff\xff.', 'is cut short: 18446744073709552000 bytes'],
    ['\x8b\xff\xff\xff\x7f.', 'is cut short'],
    [`\x8b\x01\x04\x00\x00${'\x01'.repeat(1025)}.`, 'an integer of 1025 bytes'],
    [`I${'9'.repeat(2000)}\n.`, 'an integer that is none'],
    ['F1e1e1\n.', 'a float that is none'],
    ['Pabc\n.', 'outside of it'],
  ])('%j', (text, message) => {
    expect(() => decodePickle(ascii(text))).toThrow(message);
  });

  test('a large array asked for again and again', () => {
    const bytes = ascii(`\x8e\x00\x00\x01\x00\x00\x00\x00\x00${'\0'.repeat(65_536)}q\x000`);
    const dtype = ascii("cnumpy\ndtype\n(S'u1'\nI0\nI1\ntRq\x010");
    const once = ascii("cnumpy.core.numeric\n_frombuffer\n(h\x00h\x01(J\x00\x00\x01\x00tS'C'\ntR0");
    const bomb = Buffer.concat([bytes, dtype, ...Array<Uint8Array>(5_000).fill(once), ascii('N.')]);
    expect(() => decodePickle(bomb)).toThrow('far more data than it holds');
  });
});

const anyKey: fc.Arbitrary<PickleKey> = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.constant(null),
  // those that fit a number are read as numbers
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 2000n }),
  fc.bigInt({ min: -(2n ** 2000n), max: -(2n ** 53n) }),
);

const { anyValue } = fc.letrec<{ anyValue: PickleValue }>((tie) => ({
  anyValue: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    anyKey,
    fc.uint8Array({ maxLength: 20 }),
    anyArray(everyDType.filter((dtype) => dtype !== 'bfloat16')),
    fc.array(tie('anyValue'), { maxLength: 4 }),
    fc.array(fc.tuple(anyKey, tie('anyValue')), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc
      .array(tie('anyValue'), { maxLength: 4 })
      .map((values) => ({ dtype: 'object' as const, shape: [values.length], values })),
  ),
}));

describe('writing', () => {
  test('what is written reads back', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(decodePickle(encodePickle(value))).toEqual(value);
      }),
      { numRuns: 1_000 },
    );
  });

  test('integers of any size', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }), (value) => {
        expect(BigInt(readInteger(integerBytes(value)))).toBe(value);
      }),
    );
  });

  test('what has no end is refused', () => {
    const list: PickleValue[] = [];
    list.push(list);
    expect(() => encodePickle(list)).toThrow('deeper than 100');
    expect(() => encodePickle({ global: 'os.system' })).toThrow('only plain data');
  });

  const python = findPython('numpy');
  testWhere(python, 'no Python with numpy, see TOCO_TEST_PYTHON')('Python reads it', () => {
    const value = new Map<PickleKey, PickleValue>([
      ['grüße', [1, -1, 2 ** 40, 2n ** 70n, 1.5, null, true]],
      [7, { dtype: 'float16', shape: [1, 2], data: new Float32Array([0.5, -2]) }],
      ['raw', new Uint8Array([1, 255])],
    ]);
    const script = `
import json, pickle, sys
with open(sys.argv[1], 'rb') as file: value = pickle.load(file)
array = value.pop(7)
print(json.dumps([[k, list(v)] for k, v in value.items()] + [array.dtype.name, array.shape, array.tolist()]))`;
    const told = JSON.stringify(askPython(python!, script, encodePickle(value)));
    expect(told.replace(String(2 ** 70), '2**70')).toBe(
      '[["grüße",[1,-1,1099511627776,2**70,1.5,null,true]],["raw",[1,255]],"float16",[1,2],[[0.5,-2]]]',
    );
  });
});

test('damaged pickles are read or refused', () => {
  const samples = Object.values(pickles).map(fromBase64);
  const { inputs, refused, read, slowest, largest } = mutate(samples, decodePickle);
  expect(refused + read).toBe(inputs);
  expect(refused).toBeGreaterThan(inputs * 0.25);
  expect(read).toBeGreaterThan(inputs * 0.06);
  expect(slowest).toBeLessThan(500);
  expect(largest).toBeLessThan(2 ** 20);
});
