import { expect, test } from '@jest/globals';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMissingProgram, lastComplaint, runProgram } from '../src/run-program.js';

test('a program that writes without end or takes too long is ended, and the reason is its last complaint', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'toco-limits-'));
  const path = join(folder, 'file');
  const program = 'yes > "$0"';
  const filled = await runProgram('sh', ['-c', program, path], { fileBytes: 1e6, seconds: 60 });
  expect(filled.code).not.toBe(0);
  expect((await stat(path)).size).toBeLessThanOrEqual(1e6 + 512);
  await rm(folder, { recursive: true });

  const began = performance.now();
  const slow = await runProgram('sleep', ['60'], { fileBytes: 1e6, seconds: 0.2 });
  expect(performance.now() - began).toBeLessThan(30_000);
  expect(slow.code).toBeNull();
  expect(lastComplaint(slow)).toMatch(/error: ended after 0 minutes/);
});

test('a missing program is told as that, with limits and without', async () => {
  for (const limits of [{}, { fileBytes: 1e6 }]) {
    const error: unknown = await runProgram('no-such-program', [], limits).catch((reason: unknown) => reason);
    expect(isMissingProgram(error)).toBe(true);
  }
});

test('what another program says can not move the cursor', () => {
  expect(lastComplaint({ code: 1, stdout: '', stderr: 'error: \x1b[2Jgone\x07\n' })).toBe('error:  [2Jgone ');
});
