import { expect, test } from '@jest/globals';
import { assertOwnGpus, type Facts, firstDifference } from '../../src/cluster/agreement.js';
import { loadConfig } from '../../src/config/load-config.js';

const config = await loadConfig(undefined, []);
const first: Facts = {
  ...{ version: '1.2.0', config, weights: 'a' },
  images: { list: 'train', count: 12, sha256: 'b' },
  reductions: 'NCCL between GPUs',
  gpu: 'GPU-1',
  ownParts: ['targets', 'refine'],
};

test.each<[string, Partial<Facts>, string | undefined]>([
  ['the same on another GPU', { gpu: 'GPU-2' }, undefined],
  ['another version', { version: '1.3.0' }, 'version 1.3.0, rank 0 version 1.2.0'],
  [
    'no GPU',
    { reductions: "toco's ring between CPUs", gpu: null },
    "toco's ring between CPUs, rank 0 NCCL between GPUs",
  ],
  ['another seed', { config: { ...config, seed: 7 } }, `seed 7, rank 0 ${config.seed}`],
  ['other threads', { config: { ...config, engine: { ...config.engine, threads: 3 } } }, undefined],
  [
    'a photograph less',
    { images: { list: 'train', count: 11, sha256: 'c' } },
    'other training images or labels (11 of the list train) than rank 0 (12 of train)',
  ],
  ['targets alone', { ownParts: ['targets'] }, "no refine of one's own, rank 0 one"],
  [
    'an enrichment more',
    { ownParts: ['targets', 'refine', 'enrichment'] },
    "enrichment of one's own, rank 0 none",
  ],
  ['other weights', { weights: 'd' }, 'other weights than rank 0'],
])('a process with %s', (_, other, difference) => {
  expect(firstDifference(first, { ...first, ...other })).toBe(difference);
});

test('two processes on one GPU are named', () => {
  expect(() => {
    assertOwnGpus([null, 'GPU-1', 'GPU-2', 'GPU-1']);
  }).toThrow(
    'Rank 1 and rank 3 compute on one GPU (GPU-1), which NCCL refuses: give each a CUDA_VISIBLE_DEVICES of its own, or start fewer.',
  );
});

test('each on its own, and processors, are what they should be', () => {
  for (const gpus of [
    ['GPU-1', 'GPU-2'],
    [null, null, null],
  ])
    expect(() => {
      assertOwnGpus(gpus);
    }).not.toThrow();
});
