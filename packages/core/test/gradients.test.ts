import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '@toco/runtime';
import { checkedOperations, gradientCheck } from '@toco/testing';
import { gradientCases } from './gradient-cases.js';

const operations = new Set<string>();

describe.each(['tensorflow', 'cpu'])('finite differences on the %s backend', (backend) => {
  beforeAll(async () => {
    await initBackend();
    await tf.setBackend(backend);
  });

  // The largest error seen is 2.2e-5.
  test.each(gradientCases)('$name', async ({ f, inputs }) => {
    const report = await gradientCheck(f, inputs(), { relative: 1e-4 });
    report.operations.forEach((operation) => operations.add(operation));
  });
});

afterAll(() => {
  expect([...operations].sort()).toEqual(checkedOperations.filter((name) => name.startsWith('core/')));
});
