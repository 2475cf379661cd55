import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { drawingLike, drawnValues } from '../src/drawn-values.js';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const python = process.env['TOCO_BENCH_PYTHON'] ?? 'python3';
const hasJax = spawnSync(python, ['-c', 'import jax, numpy']).status === 0;
if (!hasJax) console.warn(`skipped: ${python} (TOCO_BENCH_PYTHON) has no jax`);
const withJax = hasJax ? test : test.skip;
const folder = mkdtempSync(join(tmpdir(), 'toco-hlo-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('drawn values have the mean and the spread that they are drawn like', () => {
  const real = Float32Array.from({ length: 5000 }, (_, i) => 3 + Math.sin(i));
  const { mean, scale } = drawingLike(drawnValues(7, 50_000, drawingLike(real)));
  expect(mean).toBeCloseTo(3, 1);
  expect(scale).toBeCloseTo(Math.sqrt(1.5), 1);
  expect(drawnValues(1, 3, { mean: 2, scale: 0 })).toEqual(Float32Array.of(2, 2, 2));
});

withJax(
  'Python draws the same values',
  () => {
    const program =
      'import sys; sys.path.insert(0, sys.argv[1]); import hlo; print(hlo.drawn(5, [4, 3], 0.25, 0.7).tobytes().hex())';
    const made = execFileSync(python, ['-c', program, at('../gpu')], { encoding: 'utf8' }).trim();
    const { buffer } = drawnValues(5, 12, { mean: 0.25, scale: 0.7 });
    expect(made).toBe(Buffer.from(buffer).toString('hex'));
  },
  120_000,
);

withJax(
  'a dry run: the step as HLO through JAX on the processor has the losses of the step here',
  () => {
    const size = ['--backbone', 'vit_nano_patch16_96', '--crop', '96', '--batch', '2'];
    execFileSync(process.execPath, [at('../dist/main.js'), 'hlo', '--out', folder, ...size], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
    expect(bytes).toBeLessThan(64e6);
    const args = ['-B', join(folder, 'hlo.py'), folder, '--steps', '1', '--json', '--without-torch'];
    const { status, stdout, stderr } = spawnSync(python, args, {
      encoding: 'utf8',
      env: { ...process.env, JAX_PLATFORMS: 'cpu' },
    });
    expect(stderr.split('\n').filter((line) => line.includes('Error'))).toEqual([]);
    const { right, difference, milliseconds } = JSON.parse(stdout) as {
      right: boolean;
      difference: number;
      milliseconds: number;
    };
    expect(difference).toBeLessThan(1e-4);
    expect(right).toBe(true);
    expect(milliseconds).toBeGreaterThan(0);
    expect(status).toBe(0);
  },
  590_000,
);
