import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { inTemporaryFolder, tinyRun, toco } from './run-toco.js';

test('--profile tells the time of each stage and of the loader, and leaves no run behind', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, 'run');
    const { status, stdout, stderr } = await toco(['train', ...tinyRun, '--out', out, '--profile']);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(existsSync(out)).toBe(false);

    // the last phase, which begins at iteration 4, has all terms on
    expect(stdout).toMatch(/^Phase from iteration 4 on \(cls, clsAux, ptc, ctc, seg, reg\), batches of 2:\n/);
    const rows = [...stdout.matchAll(/^(\S+) +([\d.]+) +([\d.]+) %(?: +(.*))?$/gm)];
    const stages = rows.map(([, stage]) => stage!);
    const expected = [
      ...['main', 'cams', 'token-labels', 'local-crops', 'pixel-labels', 'teacher'],
      ...['cls', 'clsAux', 'ptc', 'ctc', 'seg', 'reg'],
      ...['forward', 'backward', 'optimizer', 'other'],
    ];
    expect(stages.slice(0, -1).sort()).toEqual(expected.sort());
    const [times, shares] = [2, 3].map((column) => rows.map((row) => Number(row[column])));
    expect(times!.slice(0, -1)).toEqual(times!.slice(0, -1).sort((a, b) => b - a));
    // each is rounded to a tenth
    const rounding = 0.05 * rows.length;
    for (const column of [times!, shares!]) {
      const sum = column.slice(0, -1).reduce((a, b) => a + b);
      expect(Math.abs(sum - column.at(-1)!)).toBeLessThanOrEqual(rounding);
    }
    expect(stages.at(-1)).toBe('total');
    expect(shares!.at(-1)).toBe(100);
    // Which product takes longest differs from run to run.
    expect(rows.find(([, stage]) => stage === 'cams')![4]).toMatch(/MatMul/);
    expect(rows.find(([, stage]) => stage === 'optimizer')![4]).toContain('fused (XLA)');

    const figures = [...stdout.matchAll(/([\d.]+) (?:images\/s|s)\b/g)].map(([, value]) => Number(value));
    const [iteration, rate, traced, alone, beside, wait] = figures;
    expect(figures).toHaveLength(6);
    // two images an iteration; milliseconds and tenths are rounded
    expect(Math.abs(rate! * iteration! - 2)).toBeLessThan(0.0005 * rate! + 0.05 * iteration! + 0.001);
    for (const positive of [iteration, traced, alone, beside]) expect(positive).toBeGreaterThan(0);
    expect(wait).toBeGreaterThanOrEqual(0);
  });
});

test.each([
  [
    'engine.compile=false',
    'A profile needs the compiled step on the tensorflow backend: leave engine.compile on.\n',
  ],
  [
    'engine.backend=cpu',
    'A profile needs the compiled step on the tensorflow backend: engine.backend is cpu.\n',
  ],
  ['engine.xla=true', 'engine.xla makes the step one piece without stages: profile with it off.\n'],
])('--profile with %s is refused in one line', async (setting, message) => {
  const { status, stdout, stderr } = await toco(['train', ...tinyRun, '--set', setting, '--profile']);
  expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: message });
});
