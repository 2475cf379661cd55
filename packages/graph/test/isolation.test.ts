import { beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '@toco/runtime';
import { compile } from '../src/compile.js';
import { nodeBackend } from '../src/backend.js';
import { leavesOf } from './leaves.js';
import { miniBatch, miniState, miniStep } from './mini-step.js';

const phase = { rate: 0.1, auxiliary: true };

beforeAll(async () => {
  await initBackend({ backend: 'tensorflow', print: () => undefined });
});

/** Counts calls into the native library while `f` runs. */
async function nativeCalls(f: () => Promise<unknown>): Promise<Record<string, number>> {
  const backend = nodeBackend();
  const native = backend.binding;
  const calls: Record<string, number> = {};
  const counting: Record<string, unknown> = {};
  for (const key of Object.getOwnPropertyNames(native)) {
    const value = Reflect.get(native, key) as unknown;
    counting[key] =
      typeof value === 'function'
        ? (...args: unknown[]) => {
            calls[key] = (calls[key] ?? 0) + 1;
            return (value as (...args: unknown[]) => unknown)(...args);
          }
        : value;
  }
  backend.binding = counting as unknown as typeof native;
  try {
    await f();
  } finally {
    backend.binding = native;
  }
  return calls;
}

test('tracing and running execute no kernel of TensorFlow.js and upload nothing', async () => {
  const state = miniState();
  const batch = miniBatch(1);
  const arrays = Object.fromEntries(
    Object.entries(batch).map(([key, tensor]) => {
      const { shape } = tensor as tf.Tensor;
      return [key, { data: (tensor as tf.Tensor).dataSync(), shape }];
    }),
  ) as never;
  const calls = await nativeCalls(async () => {
    const compiled = await compile(miniStep, { state, batch: arrays, phase });
    for (let i = 0; i < 3; i++) await compiled.run(arrays);
    tf.dispose(leavesOf(await compiled.state()));
    compiled.dispose();
  });
  expect(calls['executeOp']).toBeUndefined();
  expect(calls['createTensor']).toBeUndefined();
  const eager = await nativeCalls(async () => {
    await Promise.resolve(miniStep(state, batch, phase));
  });
  expect(eager['executeOp']).toBeGreaterThan(50);
});

/** What tracing might leave changed. */
function surroundings(): unknown[] {
  const backend = nodeBackend();
  return [
    backend.binding,
    Object.getOwnPropertyNames(backend).join(),
    ...['getInputTensorIds', 'createOutputTensor', 'read', 'readSync'].map(
      (method) => Reflect.get(backend, method) as unknown,
    ),
    tf.getKernel('GatherV2', 'tensorflow').kernelFunc,
    tf.getKernelsForBackend('tensorflow').length,
    Math.random,
    Error.stackTraceLimit,
    tf.engine().state.scopeStack.length,
    tf.engine().state.gradientDepth,
    tf.engine().state.kernelDepth,
    tf.memory().numTensors,
  ];
}

test('afterwards TensorFlow.js is as it was, also when the step throws', async () => {
  const state = miniState();
  const batch = miniBatch(1);
  const before = surroundings();
  const compiled = await compile(miniStep, { state, batch, phase });
  expect(surroundings()).toEqual(before);
  surroundings().forEach((value, i) => {
    expect(value).toBe(before[i]);
  });
  await expect(
    compile(
      (...args: Parameters<typeof miniStep>) => {
        tf.grad((x) => (tf.sum(tf.sin(x)).dataSync(), x))(args[0].params.frozen);
        return miniStep(...args);
      },
      { state, batch, phase },
    ),
  ).rejects.toThrow(/dataSync/);
  surroundings()
    .slice(0, -1)
    .forEach((value, i) => {
      expect(value).toBe(before[i]);
    });
  compiled.dispose();
  expect(() => tf.gather(tf.tensor1d([1, 2]), tf.tensor1d([5], 'int32'))).toThrow(/not in \[0, 1\]/);
});
