import { afterAll, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { withLock } from '../src/lock.js';

const folder = await mkdtemp(join(tmpdir(), 'toco-lock-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

test('one at a time, and each is told once that it waits', async () => {
  const path = join(folder, 'new', 'lock');
  let inside = 0;
  let waited = 0;
  const work = async (): Promise<number> => {
    expect(++inside).toBe(1);
    await wait(300);
    return --inside;
  };
  const onWait = (): void => void waited++;
  expect(await Promise.all([1, 2, 3].map(() => withLock(path, work, { onWait })))).toEqual([0, 0, 0]);
  expect(waited).toBe(2);
  expect(existsSync(path)).toBe(false);
});

test('work that fails leaves no lock', async () => {
  const path = join(folder, 'failed');
  await expect(withLock(path, () => Promise.reject(new Error('no room')))).rejects.toThrow('no room');
  expect(existsSync(path)).toBe(false);
});

test('the lock of a process that is gone does not block', async () => {
  const path = join(folder, 'stale');
  await writeFile(path, '');
  const long = new Date(Date.now() - 7000);
  await utimes(path, long, long);
  expect(await withLock(path, () => Promise.resolve('done'))).toBe('done');
});

test('work that lasts keeps its lock alive', async () => {
  const path = join(folder, 'kept');
  const { mtimeMs } = await withLock(path, async () => {
    const long = new Date(Date.now() - 60_000);
    await utimes(path, long, long);
    await wait(1500);
    return stat(path);
  });
  expect(Date.now() - mtimeMs).toBeLessThan(5000);
});

test('waiting can be ended', async () => {
  const path = join(folder, 'ended');
  await writeFile(path, '');
  const controller = new AbortController();
  const waiting = withLock(path, () => Promise.resolve(), {
    signal: controller.signal,
    onWait: () => controller.abort(new Error('interrupted')),
  });
  await expect(waiting).rejects.toThrow('interrupted');
  expect(existsSync(path)).toBe(true);
});
