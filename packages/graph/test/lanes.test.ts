import { expect, test } from '@jest/globals';
import type { BackendInfo } from '@toco/runtime';
import { lanesOf } from '../src/lanes.js';

const two: BackendInfo = { backend: 'tensorflow', device: 'cpu', version: '', threads: 2, description: '' };

test('two threads of the CPU take an operation each', () => {
  const { forward, options } = lanesOf(two);
  expect(options).toEqual({ threads: { inter: 2, intra: 1 } });
  expect(forward.wrapBlock).toBeDefined();
});

test.each([{ threads: 1 }, { threads: 4 }, { device: 'gpu' as const }, { backend: 'wasm' as const }])(
  'with %j the engine shares its threads itself',
  (other) => {
    expect(lanesOf({ ...two, ...other })).toEqual({ forward: {}, options: {} });
  },
);

test('what XLA compiles whole keeps all threads', () => {
  expect(lanesOf(two, { xla: true })).toEqual({ forward: {}, options: {} });
});

test.each(['avx2', 'neon'])('with %s, bf16 is rounding alone, with any number of threads', (kernels) => {
  expect(lanesOf({ ...two, kernels }).options).toEqual({ roundOnly: true, threads: { inter: 2, intra: 1 } });
  expect(lanesOf({ ...two, kernels, threads: 4 })).toEqual({ forward: {}, options: { roundOnly: true } });
  expect(lanesOf({ ...two, kernels, device: 'gpu' }).options).toEqual({});
});

test.each(['avx512', 'avx512_bf16', 'amx_bf16'])('with %s, bfloat16 is multiplied', (kernels) => {
  expect(lanesOf({ ...two, kernels }).options).not.toHaveProperty('roundOnly');
});
