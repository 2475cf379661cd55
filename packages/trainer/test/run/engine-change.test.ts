import { expect, test } from '@jest/globals';
import { engineChange } from '../../src/run/run-changes.js';

const [was, is] = [
  'tensorflow 2.21.0 on the CPU, 2 threads, kernels avx512_bf16',
  'wasm 4.22.0 on the CPU, 1 thread',
];

test('a run that something else goes on with says so, in one line', () => {
  expect(engineChange({ iteration: 40, engine: was }, is)).toBe(
    `Changed from iteration 40 on: computed by ${is}, was ${was}; the last digits are no longer those of a run without ` +
      'interruption (TOCO_KERNELS and engine.threads choose kernels and threads).',
  );
});

test.each([
  ['the same engine', { iteration: 40, engine: was }],
  ['a checkpoint of an earlier version', { iteration: 40 }],
  ['a run that begins', { iteration: 0, engine: is }],
])('%s: nothing is said', (_, before) => {
  expect(engineChange(before, was)).toBeUndefined();
});
