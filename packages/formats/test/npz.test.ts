import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeNpz, encodeNpz, readNpz, writeNpz } from '../src/npy/npz.js';
import { encodeNpy } from '../src/npy/encode.js';
import type { NDArray } from '../src/nd-array.js';
import { anyArray, everyDType } from './support/arbitrary.js';
import { fromBase64, golden } from './support/golden.js';
import { mutate } from './support/mutate.js';
import { repairZip } from './support/repair-zip.js';
import { testWhere } from './support/test-where.js';
import { askPython, findPython } from './support/python.js';

const { npz } = golden('numpy') as { npz: { stored: string; packed: string } };
const folder = mkdtempSync(join(tmpdir(), 'npz-'));
afterAll(() => rmSync(folder, { recursive: true }));

const float = (...values: number[]): NDArray => ({
  dtype: 'float32',
  shape: [values.length],
  data: new Float32Array(values),
});
const expected = {
  first: { dtype: 'float32', shape: [2, 3], data: new Float32Array([0, 1, 2, 3, 4, 5]) },
  'Transformer/encoder/kernel': { dtype: 'int64', shape: [3], data: new BigInt64Array([0n, 1n, 2n]) },
};

/** A zip archive with one member whose fields can be forged. */
function archive(forged: {
  body: Uint8Array;
  method?: number;
  size?: number;
  packedSize?: number;
  flags?: number;
}): Uint8Array {
  const { body, method = 0, size = body.length, packedSize = body.length, flags = 0 } = forged;
  const bytes = Buffer.from(encodeNpz({ a: float(1) }));
  const name = 5;
  const local = Buffer.concat([bytes.subarray(0, 30 + name), body]);
  const entry = Buffer.from(bytes.subarray(bytes.indexOf('PK\x01\x02'), bytes.indexOf('PK\x05\x06')));
  entry.writeUInt16LE(flags, 8);
  entry.writeUInt16LE(method, 10);
  entry.writeUInt32LE(packedSize, 20);
  entry.writeUInt32LE(size, 24);
  const end = Buffer.from(bytes.subarray(bytes.indexOf('PK\x05\x06')));
  end.writeUInt32LE(entry.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, entry, end]);
}

describe('reading', () => {
  test.each(['stored', 'packed'] as const)('what NumPy wrote, %s', (form) => {
    expect(decodeNpz(fromBase64(npz[form]))).toEqual(expected);
    const path = join(folder, `${form}.npz`);
    writeFileSync(path, fromBase64(npz[form]));
    expect(readNpz(path)).toEqual(expected);
  });

  test('packed members are bounded, stored ones only by the file', () => {
    const path = join(folder, 'packed.npz');
    expect(() => readNpz(path, { limit: 100 })).toThrow(`${path}: zip archive would unpack to`);
    expect(decodeNpz(fromBase64(npz.stored), { limit: 100 })).toEqual(expected);
  });

  const npy = encodeNpy(float(1, 2, 3));
  test.each([
    [new Uint8Array(10), 'too short'],
    [new Uint8Array(100), 'no directory at its end'],
    [archive({ body: npy, flags: 1 }), 'zip member "a.npy" is encrypted'],
    [archive({ body: npy, method: 14 }), 'packed in an unknown way (14)'],
    [archive({ body: npy, size: 100 }), 'has 140 bytes instead of 100'],
    [archive({ body: npy }), 'is damaged: wrong checksum'],
    [archive({ body: npy, packedSize: 1e6, size: 1e6 }), 'members that overlap'],
    [archive({ body: deflateRawSync(npy), method: 8, size: 1e5 }), 'more than can be packed into'],
    [
      archive({ body: deflateRawSync(new Uint8Array(1e6)), method: 8, size: 2000 }),
      'unpacks to more than 2000 bytes',
    ],
    [archive({ body: deflateRawSync(new Uint8Array(1000)), method: 8, size: 2000 }), 'unpacks to 1000 bytes'],
    [
      archive({ body: deflateRawSync(new Uint8Array(2e6)), method: 8, size: 2 ** 31 }),
      'more than the limit of 1073741824',
    ],
    [archive({ body: deflateRawSync(npy).subarray(0, 20), method: 8, size: 140 }), 'damaged or cut'],
  ])('refuses what is no whole archive (%#)', (bytes, message) => {
    expect(() => decodeNpz(bytes)).toThrow(message);
  });

  test('refuses members that are no arrays, or not the ones announced', () => {
    const bytes = encodeNpz({ a: float(1) });
    const forged = Buffer.from(bytes);
    forged[30] = 0x62;
    expect(() => decodeNpz(forged)).toThrow('zip member "a.npy": is called "b.npy" at its place');
    const other = Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('a.npy', 'a.txt'), 'latin1');
    expect(() => decodeNpz(other)).toThrow('a member that is not an array: "a.txt"');
    const twice = Buffer.from(encodeNpz({ a: float(1), b: float(1) }))
      .toString('latin1')
      .replaceAll('b.npy', 'a.npy');
    expect(() => decodeNpz(Buffer.from(twice, 'latin1'))).toThrow('two members "a.npy"');
  });

  test('large archives keep their sizes in 64 bits', () => {
    const bytes = Buffer.from(encodeNpz({ a: float(1) }));
    const at = bytes.indexOf('PK\x01\x02');
    const entry = Buffer.from(bytes.subarray(at, bytes.indexOf('PK\x05\x06')));
    const extra = Buffer.alloc(28);
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(24, 2);
    extra.writeBigUInt64LE(BigInt(entry.readUInt32LE(24)), 4);
    extra.writeBigUInt64LE(BigInt(entry.readUInt32LE(20)), 12);
    entry.writeUInt32LE(0xffffffff, 20);
    entry.writeUInt32LE(0xffffffff, 24);
    entry.writeUInt32LE(0xffffffff, 42);
    entry.writeUInt16LE(28, 30);
    const record = Buffer.alloc(56);
    record.writeUInt32LE(0x06064b50, 0);
    record.writeBigUInt64LE(BigInt(entry.length + 28), 40);
    record.writeBigUInt64LE(BigInt(at), 48);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(at + entry.length + 28), 8);
    const end = Buffer.from(bytes.subarray(bytes.indexOf('PK\x05\x06')));
    end.writeUInt32LE(0xffffffff, 16);
    const large = Buffer.concat([bytes.subarray(0, at), entry, extra, record, locator, end]);
    expect(decodeNpz(large)).toEqual({ a: float(1) });
  });
});

describe('writing', () => {
  test('what is written reads back', async () => {
    const arrays = fc.dictionary(
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      anyArray(everyDType.filter((dtype) => dtype !== 'bfloat16')),
      { maxKeys: 5, noNullPrototype: true },
    );
    fc.assert(
      fc.property(arrays, (written) => {
        expect(decodeNpz(encodeNpz(written))).toEqual(written);
      }),
      { numRuns: 300 },
    );
    const path = join(folder, 'written.npz');
    await writeNpz(path, { a: float(1, 2) });
    expect(readNpz(path)).toEqual({ a: float(1, 2) });
  });

  const python = findPython('numpy');
  testWhere(python, 'no Python with numpy, see TOCO_TEST_PYTHON')('NumPy reads it', () => {
    const script = `
import json, sys, numpy as np
with np.load(sys.argv[1]) as file:
    print(json.dumps({k: [v.dtype.name, v.shape, v.tolist()] for k, v in file.items()}))`;
    const arrays: Record<string, NDArray> = {
      'grüße/a': { dtype: 'float16', shape: [2, 1], data: new Float32Array([0.5, -2]) },
      b: { dtype: 'bool', shape: [], data: new Uint8Array([1]) },
    };
    expect(askPython(python!, script, encodeNpz(arrays))).toEqual({
      'grüße/a': ['float16', [2, 1], [[0.5], [-2]]],
      b: ['bool', [], true],
    });
  });
});

test('damaged archives are read or refused', () => {
  const samples = [npz.stored, npz.packed].map(fromBase64);
  const { inputs, refused, read, slowest, largest } = mutate(samples, (bytes) => decodeNpz(bytes), {
    repair: repairZip,
  });
  expect(refused + read).toBe(inputs);
  expect(refused).toBeGreaterThan(inputs * 0.3);
  expect(read).toBeGreaterThan(inputs * 0.03);
  expect(slowest).toBeLessThan(500);
  expect(largest).toBeLessThan(2 ** 22);
});
