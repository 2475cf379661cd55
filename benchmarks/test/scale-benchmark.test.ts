import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { forecast, type ScaleReport } from '../src/scale-benchmark.js';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const python = process.env['TOCO_BENCH_PYTHON'];
const size = ['--backbone', 'vit_mini_patch8_96', '--crop', '96'];

(python === undefined ? test.skip : test)(
  `two processes that share a batch of four: all sides compute the same, and everything is reported${python === undefined ? ' (skipped: TOCO_BENCH_PYTHON names no Python that has torch)' : ''}`,
  () => {
    const counts = ['--batch', '4', '--threads', '2', '--rounds', '1', '--warmup', '1'];
    const report = JSON.parse(
      execFileSync(process.execPath, [main, 'scale', ...size, ...counts, '--json', '--python', python!], {
        encoding: 'utf8',
      }),
    ) as ScaleReport;
    expect(Object.keys(report.medians)).toEqual(['one', 'alone', 'together', 'ddpAlone', 'ddp']);
    for (const key of ['kept', 'keptProcessor', 'reduction'] as const) {
      expect(report[key].toco).toBeGreaterThan(0);
      expect(report[key].pytorch).toBeGreaterThan(0);
    }
    expect(report.bytes).toBeGreaterThan(0);
    expect(report.differences.one).toBeLessThan(1e-4);
    expect(report.differences.alone).toBeLessThan(1e-4);
    expect(report.differences.ddp).toBeLessThan(1e-3);
  },
  600_000,
);

test('the forecast: what is sent grows with the machines, towards twice the gradients', () => {
  // 100 MB of gradients: 160 ms on the wire for every time that they are sent as a whole
  const rows = forecast({ processes: 2, bytes: 100e6, alone: 1000, reduction: 50 });
  expect(rows.map(({ machines }) => machines)).toEqual([1, 2, 4, 8, 16]);
  expect(rows[0]).toEqual({ machines: 1, milliseconds: 1000, speedUp: 1 });
  expect(rows[1]!.milliseconds).toBeCloseTo(1000 + 50 + 80);
  expect(rows[3]!.milliseconds).toBeCloseTo(1000 + 1.75 * (50 + 80));
  expect(rows[3]!.speedUp).toBeCloseTo(8000 / 1227.5);
});

test('a mistake is answered by one line', () => {
  const { stderr } = spawnSync(process.execPath, [main, 'scale', ...size, '--batch', '3'], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('--batch 3 has no 2 equal parts: choose a multiple of 2.\n');
});
