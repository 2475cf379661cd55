import { beforeAll, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { gradientCheck } from '@toco/testing';
import { gradientCases } from './gradient-cases.js';

beforeAll(async () => {
  const { backend } = await initBackend({ backend: 'wasm' });
  expect(backend).toBe('wasm');
});

test.each(gradientCases)('finite differences on the wasm backend: $name', async ({ f, inputs }) => {
  await gradientCheck(f, inputs(), { relative: 1e-4 });
});
