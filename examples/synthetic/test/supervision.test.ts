import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { SupervisedFigures } from '../src/supervision-run.js';

const program = fileURLToPath(new URL('../dist/supervision.js', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'toco-supervision-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Figures of the built program's runs, each with seed 0, in one folder. */
async function supervise(only: string, iterations: number): Promise<Record<string, SupervisedFigures>> {
  const file = join(folder, `${iterations}.json`);
  const args = [
    ...[
      '--only',
      only,
      '--seeds',
      '0',
      '--scenes',
      '160',
      '--validation',
      '40',
      '--iterations',
      String(iterations),
    ],
    ...['--out', join(folder, 'runs'), '--write', file],
  ];
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(output.slice(-1000));
  const figures = JSON.parse(readFileSync(file, 'utf8')) as SupervisedFigures[];
  return Object.fromEntries(figures.map((figure) => [figure.supervision, figure]));
}

test('masks of all images segment better than their labels, by 5 points and more; other supervision is learned from', async () => {
  const long = await supervise('image labels,all masks', 48);
  expect(long['all masks']!.seg - long['image labels']!.seg).toBeGreaterThanOrEqual(5);
  const short = await supervise('some masks,pseudo labels', 20);
  for (const { segLoss } of [...Object.values(long), ...Object.values(short)]) {
    expect(segLoss[1]).toBeLessThan(0.9 * segLoss[0]);
  }
  expect(Object.keys(short)).toEqual(['some masks', 'pseudo labels']);
}, 900_000);
