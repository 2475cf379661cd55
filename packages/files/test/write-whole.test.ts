import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { writeWhole } from '../src/write-whole.js';

const folder = mkdtempSync(join(tmpdir(), 'write-'));
const path = join(folder, 'file');
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => writeFileSync(path, 'old'));
afterEach(() => {
  jest.restoreAllMocks();
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const left = (): string[] => readdirSync(folder);

test('parts are written one after the other', async () => {
  await writeWhole(path, [bytes('one '), bytes(''), bytes('two')]);
  expect(readFileSync(path, 'utf8')).toBe('one two');
  expect(left()).toEqual(['file']);
});

describe('what was there before survives', () => {
  test('parts that can not be made', async () => {
    function* parts(): Generator<Uint8Array> {
      yield bytes('new');
      throw new Error('no second part');
    }
    await expect(writeWhole(path, parts())).rejects.toThrow('no second part');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(left()).toEqual(['file']);
  });

  test.each(['writeFile', 'sync'] as const)('a full disk, noticed by %s', async (call) => {
    const file = await open(path);
    const prototype = Object.getPrototypeOf(file) as FileHandle;
    await file.close();
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const failing = jest.spyOn(prototype, call).mockRejectedValueOnce(full);
    await expect(writeWhole(path, [bytes('new')])).rejects.toThrow(
      `${path}: could not be written, what was there before is unchanged: the disk is full`,
    );
    expect(failing).toHaveBeenCalledTimes(1);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(left()).toEqual(['file']);
  });

  test('a folder that is not there', async () => {
    const elsewhere = join(folder, 'missing', 'file');
    await expect(writeWhole(elsewhere, [bytes('new')])).rejects.toThrow(`${elsewhere}: could not be written`);
    expect(left()).toEqual(['file']);
  });
});

test('two at once leave one whole file', async () => {
  const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100_000));
  await Promise.all(texts.map((text) => writeWhole(path, [bytes(text)])));
  expect(texts).toContain(readFileSync(path, 'utf8'));
  expect(left()).toEqual(['file']);
});
