import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeTorch, readTorch } from '../src/torch/decode.js';
import { encodePickle } from '../src/pickle/encode.js';
import type { NDData } from '../src/nd-array.js';
import type { PickleValue } from '../src/pickle/values.js';
import { unwrapStateDict } from '../src/torch/unwrap-state-dict.js';
import type { NDArray } from '../src/nd-array.js';
import { gather, stridedOffsets } from '../src/strided.js';
import { zipParts } from '../src/zip/write.js';
import { fromBase64, golden } from './support/golden.js';
import { mutate } from './support/mutate.js';
import { repairZip } from './support/repair-zip.js';

interface Described {
  dtype: string;
  shape: number[];
  values: (number | boolean)[];
}
interface Saved {
  zip: string;
  legacy: string;
  tensors: Record<string, Described>;
}
const files = golden('torch') as Record<'tensors' | 'checkpoint' | 'state_dict', Saved> &
  Record<'module' | 'complex', { zip: string }>;

const folder = mkdtempSync(join(tmpdir(), 'torch-'));
afterAll(() => rmSync(folder, { recursive: true }));

function described({ dtype, shape, data }: NDArray): Described {
  const numbers = Array.from<number | bigint>(data as NDData & Iterable<number | bigint>);
  const values = numbers.map((value) => (dtype === 'bool' ? value === 1 : Number(value)));
  return { dtype, shape: [...shape], values };
}

describe.each(['zip', 'legacy'] as const)('%s form', (form) => {
  test('tensors of every type and layout', () => {
    const value = decodeTorch(fromBase64(files.tensors[form])) as Map<string, NDArray>;
    expect([...value.keys()]).toEqual(Object.keys(files.tensors.tensors));
    for (const [name, array] of value)
      expect([name, described(array)]).toEqual([name, files.tensors.tensors[name]]);
  });

  test('a training checkpoint is unwrapped', () => {
    const path = join(folder, `${form}.pth`);
    writeFileSync(path, fromBase64(files.checkpoint[form]));
    const value = readTorch(path) as Map<string, PickleValue>;
    const { arrays, ...report } = unwrapStateDict(value);
    expect(
      Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, described(array)])),
    ).toEqual(files.checkpoint.tensors);
    expect(report).toEqual({
      containers: ['model'],
      prefixes: ['module.'],
      leftOut: ['optimizer', 'epoch', 'best', 'args', 'size', 'device', 'dtype'],
    });
    expect(value.get('epoch')).toBe(7);
    expect(value.get('best')).toBe(0.5);
    expect(value.get('args')).toEqual({
      className: 'argparse.Namespace',
      attributes: new Map<string, unknown>([
        ['lr', 0.1],
        ['name', 'tiny'],
      ]),
    });
    expect(value.get('size')).toEqual([2, 3]);
  });

  test('a plain dictionary of weights', () => {
    const { arrays, ...report } = unwrapStateDict(decodeTorch(fromBase64(files.state_dict[form])));
    expect(Object.keys(arrays)).toEqual(Object.keys(files.state_dict.tensors));
    expect(report).toEqual({ containers: [], prefixes: [], leftOut: [] });
  });

  test('damaged files are read or refused', () => {
    const samples = [files.tensors[form], files.state_dict[form]].map(fromBase64);
    const { inputs, refused, read, slowest, largest } = mutate(samples, decodeTorch, {
      repair: form === 'zip' ? repairZip : (bytes) => bytes,
    });
    expect(refused + read).toBe(inputs);
    expect(refused).toBeGreaterThan(inputs * 0.2);
    expect(read).toBeGreaterThan(inputs * 0.03);
    expect(slowest).toBeLessThan(500);
    expect(largest).toBeLessThan(2 ** 22);
  });
});

/** A file of the zip form with that pickle and one storage `0`. */
function file(pickle: Uint8Array, storage = new Uint8Array(), more: [string, Uint8Array][] = []): Uint8Array {
  return Buffer.concat([...zipParts([['x/data.pkl', pickle], ['x/data/0', storage], ...more])]);
}

/** A pickle of one float32 tensor over storage `0`. */
function tensor(settings: {
  length: number;
  offset: number;
  shape: number[];
  strides: number[];
  type?: string;
}): Uint8Array {
  const { length, offset, shape, strides, type = 'torch\nFloatStorage' } = settings;
  const text = (value: string): string => `V${value}\n`;
  const sizes = (values: readonly number[]): string => `(${values.map((value) => `I${value}\n`).join('')}t`;
  const reference = `(${text('storage')}c${type}\n${text('0')}${text('cpu')}I${length}\ntQ`;
  const args = `(${reference}I${offset}\n${sizes(shape)}${sizes(strides)}I00\nNt`;
  return Buffer.from(`ctorch._utils\n_rebuild_tensor_v2\n${args}R.`);
}

describe('layouts', () => {
  test('any shape, strides and offset inside the storage', () => {
    const axis = fc.record({ size: fc.integer({ min: 0, max: 4 }), stride: fc.integer({ min: 0, max: 6 }) });
    fc.assert(
      fc.property(fc.array(axis, { maxLength: 4 }), fc.nat({ max: 5 }), (axes, offset) => {
        const shape = axes.map(({ size }) => size);
        const strides = axes.map(({ stride }) => stride);
        const length =
          offset + axes.reduce((sum, { size, stride }) => sum + Math.max(0, size - 1) * stride, 1);
        const storage = Float32Array.from({ length }, (_, i) => i);
        const bytes = file(tensor({ length, offset, shape, strides }), new Uint8Array(storage.buffer));
        const values: number[] = [];
        stridedOffsets(shape, strides, (place) => values.push(offset + place));
        expect(decodeTorch(bytes)).toEqual({ dtype: 'float32', shape, data: Float32Array.from(values) });
      }),
      { numRuns: 500 },
    );
  });

  test('gathering follows the definition of strides', () => {
    const out = gather([0, 1, 2, 3, 4, 5], [3, 2], [1, 3], new Array<number>(6));
    expect(out).toEqual([0, 3, 1, 4, 2, 5]);
  });

  test('big-endian machines', () => {
    const bytes = file(
      tensor({ length: 1, offset: 0, shape: [1], strides: [1] }),
      Uint8Array.of(0x3f, 0x80, 0, 0),
      [['x/byteorder', Buffer.from('big')]],
    );
    expect(decodeTorch(bytes)).toEqual({ dtype: 'float32', shape: [1], data: new Float32Array([1]) });
  });
});

describe('what is refused', () => {
  const four = new Uint8Array(16);
  test.each<[string, Uint8Array]>([
    ['too short', new Uint8Array(2)],
    ['neither a zip archive nor its older form', encodePickle(5)],
    ['holds no PyTorch data', Buffer.concat([...zipParts([['a', four]])])],
    ['TorchScript', file(encodePickle(1), four, [['x/constants.pkl', four]])],
    ['pickle names "torch.nn.modules.container.Sequential"', fromBase64(files.module.zip)],
    ['pickle names "torch.ComplexFloatStorage"', fromBase64(files.complex.zip)],
    [
      'reaches beyond its storage "0" of 4',
      file(tensor({ length: 4, offset: 1, shape: [4], strides: [1] }), four),
    ],
    ['reaches beyond', file(tensor({ length: 4, offset: 0, shape: [2, 2], strides: [3, 1] }), four)],
    ['no sizes', file(tensor({ length: 4, offset: 0, shape: [2], strides: [-1] }), four)],
    ['no sizes', file(tensor({ length: 4, offset: 0, shape: [2], strides: [] }), four)],
    ['no sizes', file(tensor({ length: 4, offset: -1, shape: [2], strides: [1] }), four)],
    ['far more than', file(tensor({ length: 4, offset: 0, shape: [1e9], strides: [0] }), four)],
    ['without key or length', file(tensor({ length: -4, offset: 0, shape: [1], strides: [0] }), four)],
    ['"x/data/0"', file(tensor({ length: 4, offset: 0, shape: [1], strides: [0] })).subarray(0, -30)],
    [
      'storage "0": has 16 bytes instead of 20',
      file(tensor({ length: 5, offset: 0, shape: [5], strides: [1] }), four),
    ],
    [
      'unknown type',
      file(tensor({ length: 4, offset: 0, shape: [4], strides: [1], type: 'torch\nfloat32' }), four),
    ],
    ['a whole module', file(Buffer.from('(Vmodule\nVx\ntQ.'), four)],
  ])('%s', (message, bytes) => {
    expect(() => decodeTorch(bytes)).toThrow(message === '"x/data/0"' ? 'directory' : message);
  });
});

describe('unwrapping', () => {
  const array: NDArray = { dtype: 'float32', shape: [1], data: new Float32Array(1) };
  const map = (entries: Record<string, PickleValue>): PickleValue => new Map(Object.entries(entries));

  test('with several sets of weights the caller chooses', () => {
    const both = map({ student: map({ 'module.a': array }), teacher: map({ 'module.b': array }), epoch: 3 });
    expect(() => unwrapStateDict(both)).toThrow(
      'several sets of weights (student, teacher): choose one as container (toco convert --container)',
    );
    expect(unwrapStateDict(both, { container: 'teacher' })).toEqual({
      arrays: { b: array },
      containers: ['teacher'],
      prefixes: ['module.'],
      leftOut: ['student', 'epoch'],
    });
    expect(() => unwrapStateDict(both, { container: 'ema' })).toThrow('several sets');
    expect(() => unwrapStateDict(map({ a: array }), { container: 'ema' })).toThrow('checkpoint has no "ema"');
  });

  test('containers within containers, prefixes within prefixes', () => {
    const nested = map({
      model: map({ state_dict: map({ 'module._orig_mod.a': array, 'module._orig_mod.n': 2 }) }),
    });
    expect(unwrapStateDict(nested)).toEqual({
      arrays: { a: array },
      containers: ['model', 'state_dict'],
      prefixes: ['module.', '_orig_mod.'],
      leftOut: ['model.state_dict.module._orig_mod.n'],
    });
  });

  test('a prefix that not every name has stays', () => {
    expect(Object.keys(unwrapStateDict(map({ 'module.a': array, b: array })).arrays)).toEqual([
      'module.a',
      'b',
    ]);
  });

  test('what holds no weights is refused', () => {
    expect(() => unwrapStateDict(5)).toThrow('does not hold a dictionary of weights');
    expect(() => unwrapStateDict(map({ epoch: 3 }))).toThrow(
      'no weights that are recognized; it has "epoch"',
    );
    const endless = new Map<string, PickleValue>();
    endless.set('model', endless as PickleValue);
    expect(() => unwrapStateDict(endless as PickleValue)).toThrow('nested too deeply');
  });
});
