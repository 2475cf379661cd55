import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '@toco/runtime';
import { largestError } from '@toco/testing';
import {
  compile,
  type CompiledFunction,
  type CompiledStep,
  compileFunction,
  type CompileOptions,
} from '../src/compile.js';
import { mapTree, type TensorTree } from '@toco/core';
import { fused } from '../src/fused.js';
import { inFloat32 } from '../src/in-float32.js';
import { leavesOf } from './leaves.js';
import { miniBatch, type MiniPhase, miniState, miniStep } from './mini-step.js';

const phase: MiniPhase = { rate: 0.1, auxiliary: false };

beforeAll(async () => {
  await initBackend({ backend: 'tensorflow', print: () => undefined });
});

/** Losses and last state of five steps, alternating between two phases. */
async function trajectory(
  options: CompileOptions = {},
): Promise<{ losses: number[]; state: Float32Array[] }> {
  const compiled = await compile(miniStep, { state: miniState(), batch: miniBatch(0), phase }, options);
  const losses: number[] = [];
  for (let i = 0; i < 5; i++) {
    const { loss } = await compiled.run(miniBatch(i), { ...phase, auxiliary: i % 2 === 1 });
    losses.push(loss);
  }
  const state = leavesOf(await compiled.state()).map((tensor) => tensor.dataSync() as Float32Array);
  compiled.dispose();
  return { losses, state };
}

function eagerTrajectory(): { losses: number[]; state: Float32Array[] } {
  let state = miniState();
  const losses: number[] = [];
  for (let i = 0; i < 5; i++) {
    const result = miniStep(state, miniBatch(i), { ...phase, auxiliary: i % 2 === 1 });
    losses.push(result.metrics.loss.dataSync()[0]!);
    state = result.state;
  }
  return { losses, state: leavesOf(state).map((tensor) => tensor.dataSync() as Float32Array) };
}

function expectEqual(actual: Awaited<ReturnType<typeof trajectory>>, tolerance: number): void {
  const expected = eagerTrajectory();
  const loss = largestError(actual.losses, expected.losses);
  expect(loss.error / loss.scale).toBeLessThanOrEqual(tolerance);
  expected.state.forEach((values, i) => {
    const { error, scale } = largestError(actual.state[i]!, values);
    expect(error).toBeLessThanOrEqual(tolerance * Math.max(scale, 1));
  });
}

describe('types', () => {
  test('a step written in place knows what it is called with from the example', async () => {
    const compiled = await compile(
      ({ w }, { x }, rate) => {
        const y = tf.sum<tf.Scalar>(tf.mul(x, w));
        return { state: { w: tf.add(w, rate) }, metrics: { y } };
      },
      {
        state: { w: tf.scalar(2) },
        batch: { x: { data: new Float32Array([1, 3]), shape: [2] } },
        phase: 0.5,
      },
    );
    const { y } = await compiled.run({ x: tf.tensor1d([1, 3]) });
    const { w } = await compiled.state();
    const values: [number, tf.Scalar] = [y, w];
    expect(values[0]).toBe(8);
    expect((await w.data())[0]).toBe(2.5);
    compiled.dispose();
  });

  test('a function written in place, too', async () => {
    const compiled = await compileFunction((w, { x }) => ({ y: tf.mul<tf.Tensor1D>(x, w) }), {
      params: tf.scalar(2),
      inputs: { x: { data: new Float32Array([1, 3]), shape: [2] } },
    });
    const { y } = await compiled.run({ x: tf.tensor1d([1, 3, 4]) });
    expect([...y.data]).toEqual([2, 6, 8]);
    compiled.dispose();
  });

  test('trees of a type parameter need no cast: what trains any backbone compiles it, too', async () => {
    const halved = <P extends TensorTree>(
      params: P,
    ): Promise<CompiledStep<{ params: P }, object, string, object>> =>
      compile(
        (state: { params: P }, _: object, phase: string) => ({
          state: { params: mapTree(state.params, (leaf) => tf.div(leaf, phase === 'half' ? 2 : 4)) },
          metrics: {},
        }),
        { state: { params }, batch: {}, phase: 'half' },
      );
    const compiled = await halved({ head: { weight: tf.scalar(6) } });
    await compiled.run({});
    const { weight } = (await compiled.state()).params.head;
    expect((await weight.data())[0]).toBe(3);
    const read = <P extends TensorTree>(params: P): Promise<CompiledFunction<P, object, undefined, P>> =>
      compileFunction((own: P) => mapTree(own, (leaf) => tf.neg(leaf)), { params, inputs: {} });
    const negated = await read({ weight });
    expect((await negated.run({})).weight).toBe(-3);
    compiled.dispose();
    negated.dispose();
  });

  test('a state of another structure is refused by TypeScript, and when the step is traced', async () => {
    await expect(
      // @ts-expect-error the step forgets `w`
      compile(({ w }) => ({ state: {}, metrics: { w } }), { state: { w: tf.scalar(2) }, batch: {} }),
    ).rejects.toThrow('w');
  });
});

describe('a compiled step', () => {
  test('equals the eager one over five steps of two phases', async () => {
    expectEqual(await trajectory(), 1e-6);
  });

  test('equals the eager one with XLA', async () => {
    expectEqual(await trajectory({ xla: true }), 1e-5);
  });

  test('equals the eager one rewritten by the optimizer of TensorFlow', async () => {
    expectEqual(await trajectory({ rewrites: { layout: false } }), 1e-6);
  });

  test('stays near the eager one with bfloat16 products, and differs from it', async () => {
    const result = await trajectory({ precision: 'bf16' });
    expectEqual(result, 0.05);
    expect(() => {
      expectEqual(result, 1e-6);
    }).toThrow();
  });

  test('leaves products in float32 where it is told to', async () => {
    const compiled = await compileFunction(
      (_, { x }) => {
        const product = (): tf.Tensor2D => tf.matMul(x, x);
        const within = inFloat32(product);
        const nested = fused((x: tf.Tensor2D) => inFloat32(() => tf.matMul<tf.Tensor2D>(x, x)))(x);
        return { before: product(), within, nested, after: product() };
      },
      { params: {}, inputs: { x: tf.randomUniform<tf.Rank.R2>([8, 8], 0, 1, 'float32', 1) } },
      { precision: 'bf16' },
    );
    const x = tf.randomUniform<tf.Rank.R2>([8, 8], 0, 1, 'float32', 2);
    const { before, within, nested, after } = await compiled.run({ x });
    const expected = tf.matMul(x, x).dataSync();
    const errorOf = ({ data }: { data: ArrayLike<number> }): number => {
      const { error, scale } = largestError(data, expected);
      return error / scale;
    };
    expect(errorOf(within)).toBeLessThan(1e-6);
    expect(errorOf(nested)).toBeLessThan(1e-6);
    expect(errorOf(before)).toBeGreaterThan(1e-4);
    expect(after.data).toEqual(before.data);
    compiled.dispose();
  });

  test('gives the same bits twice', async () => {
    expect(await trajectory()).toEqual(await trajectory());
  });

  test('traces each phase once and leaves alone what the step does not change', async () => {
    let traces = 0;
    const counted: typeof miniStep = (...args) => (traces++, miniStep(...args));
    const compiled = await compile(counted, { state: miniState(), batch: miniBatch(0), phase });
    await compiled.run(miniBatch(1));
    await compiled.run(miniBatch(2), { auxiliary: false, rate: 0.1 });
    expect(traces).toBe(1);
    await compiled.run(miniBatch(2), { auxiliary: true, rate: 0.1 });
    await compiled.run(miniBatch(3), { auxiliary: true, rate: 0.1 });
    expect(traces).toBe(2);
    await compiled.run(miniBatch(3, 3));
    expect(traces).toBe(3);
    // Three weights, their momentum and the counter; `frozen` is returned as it came.
    expect(compiled.stats().assigned).toBe(7);
    expect(compiled.stats().operations['TopKV2']).toBe(1);
    compiled.dispose();
  });

  test('gives numbers for scalars and values with their shape for other tensors', async () => {
    const batch = miniBatch(0);
    const compiled = await compile(miniStep, { state: miniState(), batch, phase });
    const { loss, chosen, features } = await compiled.run(batch);
    expect(typeof loss).toBe('number');
    expect(chosen.dtype).toBe('int32');
    expect(chosen.shape).toEqual([2, 4]);
    expect(Array.from(chosen.data)).toEqual(Array.from(tf.topk(batch.noise, 4).indices.dataSync()));
    expect(features.shape).toEqual([2, 6, 6, 8]);
    compiled.dispose();
  });

  test('runs queued calls in order', async () => {
    const one = await compile(miniStep, { state: miniState(), batch: miniBatch(0), phase });
    const batches = [0, 1, 2, 3].map((seed) => miniBatch(seed));
    const together = await Promise.all(batches.map(async (batch) => one.run(batch)));
    const two = await compile(miniStep, { state: miniState(), batch: miniBatch(0), phase });
    const alone = [];
    for (const batch of batches) alone.push(await two.run(batch));
    expect(together).toEqual(alone);
    one.dispose();
    two.dispose();
  });

  test('copies the batch when it is called', async () => {
    const data = Float32Array.of(1, 2, 3);
    const compiled = await compile(
      ({ sum }: { sum: tf.Tensor1D }, { x }: { x: tf.Tensor1D }) => ({
        state: { sum: tf.add(sum, x) },
        metrics: { sum: tf.add(sum, x) as tf.Tensor1D },
      }),
      { state: { sum: tf.zeros([3]) as tf.Tensor1D }, batch: { x: { data, shape: [3] } } },
    );
    const first = compiled.run({ x: { data, shape: [3] } });
    data.fill(100);
    const second = compiled.run({ x: { data, shape: [3] } });
    expect(Array.from((await first).sum.data)).toEqual([1, 2, 3]);
    expect(Array.from((await second).sum.data)).toEqual([101, 102, 103]);
    compiled.dispose();
  });

  test('leaves the event loop free', async () => {
    const side = 1200;
    const compiled = await compile(
      ({ x }: { x: tf.Tensor2D }) => {
        let y = x;
        for (let i = 0; i < 12; i++) y = tf.mul(tf.matMul(y, x), 1e-3);
        return { state: { x }, metrics: { y: tf.sum(y) as tf.Scalar } };
      },
      { state: { x: tf.randomNormal([side, side], 0, 1, 'float32', 1) as tf.Tensor2D }, batch: {} },
    );
    await compiled.run({});
    let ticks = 0;
    const timer = setInterval(() => ticks++, 2);
    await compiled.run({});
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
    compiled.dispose();
  });
});

describe('state', () => {
  test('is a snapshot, and can be replaced', async () => {
    const compiled = await compile(miniStep, { state: miniState(), batch: miniBatch(0), phase });
    await compiled.run(miniBatch(0));
    const snapshot = await compiled.state();
    expect(snapshot.step.dataSync()[0]).toBe(1);
    const { loss } = await compiled.run(miniBatch(1));
    await compiled.run(miniBatch(2));
    expect(snapshot.step.dataSync()[0]).toBe(1);
    await compiled.load(snapshot);
    expect((await compiled.run(miniBatch(1))).loss).toBe(loss);
    compiled.dispose();
  });

  test('is refused when its structure differs', async () => {
    const compiled = await compile(miniStep, { state: miniState(), batch: miniBatch(0), phase });
    const state = miniState();
    await expect(
      compiled.load({ ...state, params: { ...state.params, frozen: tf.zeros([3]) as tf.Tensor1D } }),
    ).rejects.toThrow('params.frozen is float32 [3] where float32 [16] is expected');
    await expect(compiled.load({ ...state, extra: tf.scalar(1) } as typeof state)).rejects.toThrow(
      'extra is not expected',
    );
    compiled.dispose();
  });

  test('may come as plain arrays', async () => {
    const compiled = await compile(
      ({ x }: { x: tf.Tensor1D }) => ({ state: { x: tf.mul(x, 2) }, metrics: { x } }),
      { state: { x: { data: Float32Array.of(1, 2), shape: [2] } }, batch: {} },
    );
    await compiled.run({});
    expect(Array.from((await compiled.run({})).x.data)).toEqual([2, 4]);
    compiled.dispose();
  });
});
