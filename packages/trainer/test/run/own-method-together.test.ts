import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { startRanks, weightDistance } from '@toco/testing';

const program = fileURLToPath(new URL('own-method.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'toco-own-method-together-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Trains in one folder by so many processes; returns the value of every term in each iteration. */
async function trained(run: string, processes: number): Promise<Record<string, number>[]> {
  const ranks = await startRanks(Array.from({ length: processes }, () => [program, run]));
  for (const { status, stderr } of await Promise.all(ranks.map(({ ended }) => ended)))
    expect({ status, stderr }).toMatchObject({ status: 0 });
  return readFileSync(join(run, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number> & { kind: string })
    .filter(({ kind }) => kind === 'train');
}

test('two processes train a method of one’s own as one does: network, term, targets, refinement, arrays, averages', async () => {
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  const [alone, together] = [await trained(one, 1), await trained(two, 2)];
  expect(together).toHaveLength(10);
  together.forEach((row, i) => {
    const pixels = i < 4 ? [] : ['seg', 'reg'];
    for (const term of ['loss', 'brightness', 'ptc', 'ctc', ...pixels]) {
      const expected = alone[i]![term]!;
      const isNear = Math.abs(row[term]! - expected) <= 1e-3 * Math.abs(expected) + 1e-6;
      expect([i, term, isNear]).toEqual([i, term, true]);
    }
  });
  expect(weightDistance(two, one, 10)).toBeLessThan(1e-5);
}, 600_000);

test('a process that lacks a part ends all of them, before they train', async () => {
  const run = join(folder, 'lacking');
  const ranks = await startRanks([
    [program, run],
    [program, run, 'refine'],
  ]);
  for (const { status, stderr } of await Promise.all(ranks.map(({ ended }) => ended))) {
    expect(status).not.toBe(0);
    expect(stderr).toContain(
      "The processes differ: rank 1 has no refine of one's own, rank 0 one; start all of them with the same.",
    );
  }
  expect(existsSync(join(run, 'metrics.jsonl'))).toBe(false);
}, 600_000);
