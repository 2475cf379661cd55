import { beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How far a page's answers on WebGPU are from those on WebAssembly. */
interface Compared {
  readonly adapter: string;
  readonly errors: string[];
  readonly backends: string[];
  readonly legends: string[][];
  readonly pixels: number;
  readonly differentLabels: number;
  readonly classes: number[][];
  readonly apart: Readonly<Record<'cam' | 'scores' | 'similarity', number>>;
}

const script = fileURLToPath(new URL('compare-backends.js', import.meta.url));
const { stdout, stderr, status } = spawnSync(process.execPath, [script], {
  encoding: 'utf8',
  timeout: 900_000,
});
// A computer whose browser does not start or has no adapter skips these tests; where everything has to be tried, that is a failure.
const onWebGpu = status === 3 && process.env['CI'] !== 'true' ? describe.skip : describe;

onWebGpu('in headless Chromium on WebGPU by SwiftShader, beside WebAssembly', () => {
  let seen: Compared;

  beforeAll(() => {
    if (status !== 0) throw new Error(`the pages gave no answer:\n${stderr}`);
    seen = JSON.parse(stdout) as Compared;
  });

  test('each page computes where it was told to', () => {
    expect(seen).toMatchObject({ adapter: 'swiftshader', errors: [] });
    expect(seen.backends).toEqual(['wasm', 'webgpu']);
  });

  test('the labels of a scene are the same but for pixels between two classes', () => {
    expect(seen.pixels).toBeGreaterThan(100_000);
    expect(seen.differentLabels / seen.pixels).toBeLessThan(1e-4);
    expect(seen.legends[0]!.length).toBeGreaterThan(0);
    expect(seen.legends[1]).toEqual(seen.legends[0]);
  });

  test('so are CAMs, scores, and the similarity map', () => {
    expect(seen.classes[0]!.length).toBeGreaterThan(0);
    expect(seen.classes[1]).toEqual(seen.classes[0]);
    for (const key of ['cam', 'scores', 'similarity'] as const)
      expect({ key, small: seen.apart[key] < 1e-4 }).toEqual({ key, small: true });
  });
});
