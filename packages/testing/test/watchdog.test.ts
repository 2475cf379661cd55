import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { runJest } from './run-jest.js';

const seconds = { TOCO_WATCHDOG: '3' };

test('a test that never returns is named and ended', async () => {
  const { code, output } = await runJest('endless', seconds);
  expect(code).not.toBe(0);
  expect(output).toMatch(
    /watchdog: \S*endless\.case\.ts was ended: it took more than 3 s \(TOCO_WATCHDOG\)\n {2}in: a generator › filters everything away\n/,
  );
});

test('so is a file that hangs while it is loaded', async () => {
  const { code, output } = await runJest('endless-import', seconds);
  expect(code).not.toBe(0);
  expect(output).toMatch(/watchdog: \S*endless-import\.case\.ts was ended/);
});

test('so is one that ends, but keeps its process from ending, with the programs it started', async () => {
  const { code, output } = await runJest('left-open', seconds);
  expect(code).not.toBe(0);
  expect(output).toMatch(/watchdog: \S*left-open\.case\.ts was ended/);
  const child = /child (\d+)/.exec(output)![1]!;
  // gone, or waiting for somebody to ask how it ended
  expect(spawnSync('ps', ['-o', 'stat=', '-p', child], { encoding: 'utf8' }).stdout).toMatch(/^(Z|$)/);
});

test('other files end as they always did, and a limit that is none is told', async () => {
  expect(await runJest('quick', seconds)).toMatchObject({ code: 0, signal: null });
  const { code, output } = await runJest('quick', { TOCO_WATCHDOG: 'soon' });
  expect(code).not.toBe(0);
  expect(output).toContain(
    'TOCO_WATCHDOG is the number of seconds that a test file may take (0: any), not "soon"',
  );
});
