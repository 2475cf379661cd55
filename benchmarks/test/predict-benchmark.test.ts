import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { PredictReport } from '../src/predict-benchmark.js';

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const python = process.env['TOCO_BENCH_PYTHON'];
const has =
  python !== undefined && spawnSync(python, ['-c', 'import torch, numpy, pydensecrf.densecrf']).status === 0;
if (!has) console.warn('skipped: TOCO_BENCH_PYTHON names no Python that has torch and pydensecrf');

(has ? test : test.skip)(
  'a small prediction: both sides give the same labels, without and with the CRF',
  () => {
    const size = ['--backbone', 'vit_nano_patch16_96', '--images', '1', '--threads', '1'];
    const args = ['predict', ...size, '--rounds', '1', '--warmup', '1', '--json', '--python', python!];
    const printed = execFileSync(process.execPath, [program, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { parts } = JSON.parse(printed) as PredictReport;
    for (const { agreement, ratio, imagesPerSecond } of [parts.network, parts.whole]) {
      expect(agreement).toBeGreaterThan(0.999);
      expect(ratio).toBeCloseTo(imagesPerSecond['toco']! / imagesPerSecond['eager']!, 6);
    }
  },
  180_000,
);
