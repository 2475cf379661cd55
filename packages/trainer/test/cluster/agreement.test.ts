import { expect, test } from '@jest/globals';
import { assertOwnGpus } from '../../src/cluster/agreement.js';

test('two processes on one GPU are named', () => {
  expect(() => assertOwnGpus([null, 'GPU-1', 'GPU-2', 'GPU-1'])).toThrow(
    'Rank 1 and rank 3 compute on one GPU (GPU-1), which NCCL refuses: give each a CUDA_VISIBLE_DEVICES of its own, or start fewer.',
  );
});

test('each on its own, and processors, are what they should be', () => {
  expect(() => assertOwnGpus(['GPU-1', 'GPU-2'])).not.toThrow();
  expect(() => assertOwnGpus([null, null, null])).not.toThrow();
});
