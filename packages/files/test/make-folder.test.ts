import { afterAll, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from '../src/make-folder.js';
import { UserError } from '../src/user-error.js';

const root = mkdtempSync(join(tmpdir(), 'toco-make-folder-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

test('makes what is missing and tells where it began', async () => {
  const folder = join(root, 'a', 'b', 'c');
  expect(await makeFolder(folder)).toBe(join(root, 'a'));
  expect(statSync(folder).isDirectory()).toBe(true);
  expect(await makeFolder(folder)).toBeUndefined();
  expect(await makeFolder(join(root, 'a', 'd'))).toBe(join(root, 'a', 'd'));
});

test('several at once make one folder', async () => {
  const folder = join(root, 'at', 'once');
  await Promise.all(Array.from({ length: 8 }, () => makeFolder(folder)));
  expect(existsSync(folder)).toBe(true);
});

test.each([
  ['a file', join(root, 'file')],
  ['below a file', join(root, 'file', 'x', 'y')],
])('%s is told in one line', async (_name, folder) => {
  writeFileSync(join(root, 'file'), 'mine');
  const error = await makeFolder(folder).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UserError);
  expect((error as Error).message).toBe(
    `${folder}: the folder can't be made (a file has its name, or that of a folder around it); choose another with --out.`,
  );
});

// Node's mkdir with `recursive` never returns there.
(existsSync('/proc/self') ? test : test.skip)('a folder that takes no other ends at once', async () => {
  await expect(makeFolder('/proc/toco/run')).rejects.toThrow(
    /^\/proc\/toco\/run: the folder can't be made \(.*\); choose another with --out\.$/,
  );
});
