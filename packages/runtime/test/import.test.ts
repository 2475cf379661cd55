import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { built, runNode } from './run-node.js';

const registered = `JSON.stringify([
  ...tf.getKernelsForBackend('tensorflow').map(({ kernelName }) => kernelName),
  ...Object.values(tf).filter((value) => typeof value === 'string').filter((name) => tf.getGradient(name)),
  ...Object.keys(tf.Tensor.prototype),
  tf.engine().backendNames().join(), Object.keys(process.env).length, Object.keys(globalThis).length])`;

test('importing changes nothing in TensorFlow.js, the environment or the global object', async () => {
  const { stdout } = await runNode(
    `const tf = await import('@tensorflow/tfjs-core');
     console.log(${registered}); await import(${JSON.stringify(built('index.js'))}); console.log(${registered});`,
  );
  const [before, after] = stdout.trim().split('\n');
  expect(before).toContain('"');
  expect(after).toBe(before);
});

test('the listing sees what initBackend registers', async () => {
  const { stdout } = await runNode(
    `const tf = await import('@tensorflow/tfjs-core'); console.log(${registered});
     const { initBackend } = await import(${JSON.stringify(built('index.js'))});
     await initBackend({ print: () => {} }); console.log(${registered});`,
  );
  const [before, after] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string[]);
  expect(after?.length).toBeGreaterThan((before?.length ?? 0) + 150);
  expect(typeof tf.getGradient).toBe('function');
});
