import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const sources = readdirSync(at('../src')).map((name) => readFileSync(at(`../src/${name}`), 'utf8'));

test('has fewer than 300 lines, and imports what packages export', () => {
  expect(sources.join('').split('\n').length).toBeLessThan(300);
  const imports = sources.flatMap((text) => [...text.matchAll(/from '([^']+)'/g)].map(([, name]) => name!));
  const own = /^(?:@toco\/[a-z]+|@tensorflow\/tfjs-core|node:\w+|\.\/[a-z]+\.js)$/;
  expect(imports.length).toBeGreaterThan(10);
  expect(imports.filter((name) => !own.test(name))).toEqual([]);
});

test.each([
  [['--bogus'], "Unknown option '--bogus'\n"],
  [['--config', 'none.yaml'], 'none.yaml: no such file; check --config.\n'],
])('%j: what is wrong is one line', (args, line) => {
  const { status, stderr } = spawnSync(process.execPath, [at('../dist/main.js'), ...args], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 1, stderr: line });
});

test('trains both students a few steps, and the first is evaluated by the command, which the run tells of the network', () => {
  const folder = mkdtempSync(join(tmpdir(), 'toco-dual-student-'));
  const run = join(folder, 'run');
  const node = (...args: string[]): string => execFileSync(process.execPath, args, { encoding: 'utf8' });
  try {
    const output = node(at('../dist/main.js'), '--out', run, '--short');
    expect(output).toMatch(/^10 iterations; discrepancy -?\d+\.\d+; /);
    expect(output).toMatch(/first student: CAM [\d.]+ %, segmentation [\d.]+ %/);
    const again = spawnSync(process.execPath, [at('../dist/main.js'), '--out', run, '--short'], {
      encoding: 'utf8',
    });
    expect([again.status, again.stdout]).toEqual([0, '']);
    expect(again.stderr).toContain('Nothing left to do');
    const rows = readFileSync(join(run, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((row) => JSON.parse(row) as Record<string, number>);
    const last = rows.findLast((row) => row['secondSeg'] !== undefined)!;
    for (const term of ['secondCls', 'secondSeg', 'discrepancy', 'seg'])
      expect(last[term]).toEqual(expect.any(Number));
    const toco = at('../../../packages/cli/bin/toco.js');
    const figures = JSON.parse(node(toco, 'evaluate', run, '--limit', '4', '--json')) as { images: number };
    expect(figures.images).toBe(4);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
