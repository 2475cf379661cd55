import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { vit } from '@toco/backbone';
import { syntheticScenes } from '@toco/datasets';
import type * as trainer from '../../src/index.js';

// Built, since the loader's threads import a file of it.
const built = new URL('../../dist/index.js', import.meta.url).href;
const { parseConfig, readMetrics, train } = (await import(built)) as typeof trainer;

const folder = mkdtempSync(join(tmpdir(), 'toco-traces-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

// The short form of the long job `schedules`: more validations than functions may be held, a phase without lattices, and one whose
// thresholds differ in every iteration.
test('40 validations are traced once for each shape, and leave no files open', async () => {
  const iterations = 40;
  const on = { cls: 1, clsAux: 1, ptc: 0, ctc: 0, seg: 0.1, reg: 0.05 };
  const config = parseConfig({
    batchSize: 2,
    data: { workers: 1 },
    views: { cropSize: 32 },
    localCrops: { size: 16, count: 2 },
    cam: { scales: [1] },
    par: { iterations: 1, dilations: [1] },
    network: { decoderDim: 8, projection: { hidden: 8, bottleneck: 8, out: 8 } },
    optimizer: { iterations, warmup: '5%' },
    phases: [
      { from: 0, weights: { ...on, seg: 0, reg: 0 } },
      { from: '50%', weights: on, cam: { high: 0.55, anneal: 'linear' } },
    ],
    evaluation: { every: 1, size: 32 },
    run: { checkpointEvery: iterations, logEvery: 1 },
  });
  const scenes = syntheticScenes({ size: 40, train: 12, val: 4, aspectRange: [0.6, 1.6] });
  const traced: number[] = [];
  const descriptors: number[] = [];
  const open = (): number => (platform() === 'linux' ? readdirSync('/proc/self/fd').length : 0);
  const listen = (message: unknown): void => {
    if ((message as { event: string }).event === 'traced') traced.push(descriptors.length);
  };
  subscribe('@toco/graph:traces', listen);
  try {
    await train(config, {
      folder,
      report: false,
      backbone: vit({ name: 'tiny', imageSize: 32, patchSize: 8, dim: 8, depth: 3, heads: 2 }),
      data: scenes,
      print: (line) => {
        if (line.startsWith('iteration')) descriptors.push(open());
      },
    });
  } finally {
    unsubscribe('@toco/graph:traces', listen);
  }
  const rows = await readMetrics(join(folder, 'metrics.jsonl'));
  expect(rows.filter(({ kind }) => kind === 'evaluation').length).toBe(iterations);
  // Classes shown: 2 or 4, in the first phase all shapes there are, whatever the lattices. Validations: images, and their mirrored twins.
  const before = traced.filter((validations) => validations < iterations / 2).length;
  expect(before).toBeLessThanOrEqual(2 + 2);
  // Three sizes of lattices in the second, and 20 thresholds, which are inputs.
  expect(traced.length - before).toBeLessThanOrEqual(2 * 3);
  expect(Math.max(...descriptors.slice(iterations / 2))).toBeLessThanOrEqual(
    descriptors[iterations / 2 - 1]! + 2,
  );
});
