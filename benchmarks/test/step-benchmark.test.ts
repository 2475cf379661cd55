import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { StepReport } from '../src/step-benchmark.js';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const python = process.env['TOCO_BENCH_PYTHON'];
if (python === undefined) console.warn('skipped: TOCO_BENCH_PYTHON names no Python that has torch');
// Seconds on a quiet machine; PyTorch's start alone takes long on a busy one.
const timeout = 180_000;
const withTorch = python === undefined ? test.skip : test;

withTorch(
  'both forms of the PyTorch iteration meet the recorded trajectories',
  () => {
    const check = [
      '-B',
      at('../pytorch/contender.py'),
      '--check',
      at('../../packages/testing/__fixtures__'),
      '--threads',
      '1',
    ];
    const { status, stdout } = spawnSync(python!, check, { encoding: 'utf8' });
    expect(stdout).toMatch(/\n0 beyond their bounds\n$/);
    expect(stdout.match(/^ok /gm)!.length).toBe(2 * 2 * (3 * 7 + 1));
    expect(status).toBe(0);
  },
  timeout,
);

withTorch(
  'a small benchmark: all sides compute the same, and everything is reported',
  () => {
    const size = ['--backbone', 'vit_mini_patch8_96', '--crop', '96', '--batch', '2'];
    const args = [
      'step',
      ...size,
      '--threads',
      '1',
      '--rounds',
      '1',
      '--warmup',
      '1',
      '--json',
      '--python',
      python!,
    ];
    const report = JSON.parse(
      execFileSync(process.execPath, [at('../dist/main.js'), ...args], { encoding: 'utf8' }),
    ) as StepReport;
    for (const key of ['ratio', 'ratioDeduplicated', 'ratioF32Original', 'share', 'gflop'] as const) {
      expect(report[key]).toBeGreaterThan(0);
    }
    expect(report.ratioF32Original).toBe(report.ratio);
    expect(Object.keys(report.medians)).toEqual(['toco', 'original', 'deduplicated']);
    expect(Object.keys(report.losses.toco!)).toEqual(
      expect.arrayContaining(['cls', 'clsAux', 'ptc', 'ctc', 'seg', 'reg']),
    );
    for (const difference of Object.values(report.differences)) expect(difference).toBeLessThan(1e-3);
  },
  timeout,
);

test('a mistake is answered by one line', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [at('../dist/main.js'), 'step', ...args], { encoding: 'utf8' });
  expect(run('--backbone', 'resnet50').stderr).toMatch(/^--backbone resnet50: known are .*\n$/);
  expect(run('--crop', '100').stderr).toMatch(/^--crop 100: choose a multiple of 32, such as 224\.\n$/);
  expect(run('--python', 'no-such-python').stderr).toMatch(/^no-such-python has no torch: .*\n$/);
});
