import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { initBackend } from '@toco/runtime';
import { largestError } from '@toco/testing';
import { barrier } from '../src/barrier.js';
import { checkpointed } from '../src/checkpointed.js';
import { compile, compileFunction, type CompileOptions } from '../src/compile.js';
import { fused } from '../src/fused.js';
import { scope } from '../src/scope.js';
import { miniBatch, type MiniState, miniState, miniStep } from './mini-step.js';

const phase = { rate: 0.1, auxiliary: false };

beforeAll(async () => {
  await initBackend({ backend: 'tensorflow', print: () => undefined });
});

describe('a function over a live state', () => {
  test('sees each step and changes nothing', async () => {
    const compiled = await compile(miniStep, { state: miniState(), batch: miniBatch(0), phase });
    const norm = compiled.function(
      ({ params }: MiniState, { scale }: { scale: tf.Scalar }) =>
        tf.mul(tf.sum(tf.square(params.weight)), scale) as tf.Scalar,
    );
    const scale = tf.scalar(2);
    for (let i = 0; i < 2; i++) {
      await compiled.run(miniBatch(i));
      const { params } = await compiled.state();
      const value = await norm.run({ scale });
      expect(value).toBeCloseTo(2 * tf.sum(tf.square(params.weight)).dataSync()[0]!, 5);
      expect(await norm.run({ scale })).toBe(value);
    }
    compiled.dispose();
    await expect(norm.run({ scale })).rejects.toThrow(/disposed/);
  });

  test('waits for the steps before it', async () => {
    const compiled = await compile(miniStep, { state: miniState(), batch: miniBatch(0), phase });
    const step = compiled.function(({ step }: MiniState) => step);
    const seen = [];
    for (let i = 0; i < 3; i++) seen.push(compiled.run(miniBatch(i)), step.run({}));
    const values = await Promise.all(seen);
    expect(values.filter((value) => typeof value === 'number')).toEqual([1, 2, 3]);
    compiled.dispose();
  });
});

describe('compileFunction', () => {
  test('serves several shapes with the same parameters', async () => {
    const weight = tf.randomNormal([6, 3], 0, 1, 'float32', 5) as tf.Tensor2D;
    const forward = ({ weight }: { weight: tf.Tensor2D }, { x }: { x: tf.Tensor2D }) => ({
      probabilities: tf.softmax(tf.matMul(x, weight)) as tf.Tensor2D,
    });
    const predict = await compileFunction(forward, {
      params: { weight },
      inputs: { x: tf.zeros([1, 6]) as tf.Tensor2D },
    });
    for (const rows of [1, 4, 9]) {
      const x = tf.randomNormal([rows, 6], 0, 1, 'float32', rows) as tf.Tensor2D;
      const { probabilities } = await predict.run({ x });
      expect(probabilities.shape).toEqual([rows, 3]);
      const { error } = largestError(probabilities.data, forward({ weight }, { x }).probabilities.dataSync());
      expect(error).toBeLessThan(1e-6);
    }
    await predict.load({ weight: tf.zeros([6, 3]) as tf.Tensor2D });
    const { probabilities } = await predict.run({ x: tf.ones([1, 6]) as tf.Tensor2D });
    expect(probabilities.data[0]).toBeCloseTo(1 / 3, 6);
    predict.dispose();
  });

  test('takes bytes, integers and booleans', async () => {
    const f = (
      _: object,
      { image, index, on }: { image: tf.Tensor1D; index: tf.Tensor1D; on: tf.Tensor1D },
    ) => ({
      image: tf.div(tf.cast(image, 'float32'), 255),
      index: tf.add(index, tf.scalar(1, 'int32')),
      on: tf.logicalNot(on),
    });
    const inputs = {
      image: { data: Uint8Array.of(0, 51, 255), shape: [3] },
      index: { data: Int32Array.of(-1, 7), shape: [2] },
      on: { data: Uint8Array.of(1, 0), shape: [2], dtype: 'bool' as const },
    };
    const compiled = await compileFunction(f, { params: {}, inputs });
    const { image, index, on } = (await compiled.run(inputs)) as Record<
      string,
      { data: ArrayLike<number>; dtype: string }
    >;
    expect(Array.from(image!.data)).toEqual([0, Math.fround(0.2), 1]);
    expect(Array.from(index!.data)).toEqual([0, 8]);
    expect([on!.dtype, ...Array.from(on!.data)]).toEqual(['bool', 0, 1]);
    compiled.dispose();
  });
});

describe('checkpointed', () => {
  const w = () => tf.randomNormal([16, 16], 0, 0.3, 'float32', 7) as tf.Tensor2D;
  const block = (x: tf.Tensor2D, { w, shift }: { w: tf.Tensor2D; shift: tf.Tensor1D }): tf.Tensor2D =>
    tf.tanh(tf.matMul(tf.sin(tf.matMul(tf.gather(x, shift), w)), w)) as tf.Tensor2D;
  const gradientsWith = (f: typeof block) => (w: tf.Tensor2D, x: tf.Tensor2D) => {
    const shift = tf.tensor1d([1, 0, 3, 2], 'int32');
    const loss = (w: tf.Tensor, x: tf.Tensor): tf.Scalar => {
      let y = x as tf.Tensor2D;
      for (let i = 0; i < 3; i++) y = f(y, { w: w as tf.Tensor2D, shift });
      return tf.sum(tf.square(y));
    };
    return tf.valueAndGrads(loss)([w, x]);
  };

  test('has the values and gradients of the plain function, eagerly and compiled', async () => {
    const x = tf.randomNormal([4, 16], 0, 1, 'float32', 8) as tf.Tensor2D;
    const plain = gradientsWith(block)(w(), x);
    const eager = gradientsWith(checkpointed(block))(w(), x);
    const compiled = await compileFunction(
      ({ w }: { w: tf.Tensor2D }, { x }: { x: tf.Tensor2D }) => {
        const { value, grads } = gradientsWith(checkpointed(block))(w, x);
        return { value, w: grads[0]!, x: grads[1]! };
      },
      { params: { w: w() }, inputs: { x } },
    );
    const run = (await compiled.run({ x })) as unknown as Record<'w' | 'x', { data: Float32Array }> & {
      value: number;
    };
    for (const [i, name] of (['w', 'x'] as const).entries()) {
      const expected = plain.grads[i]!.dataSync();
      expect(largestError(eager.grads[i]!.dataSync(), expected).error).toBeLessThan(1e-5);
      expect(largestError(run[name].data, expected).error).toBeLessThan(1e-5);
    }
    expect(run.value).toBeCloseTo(plain.value.dataSync()[0]!, 4);
    // Each block is there a second time, waiting for its gradient: TensorFlow must not merge the two.
    expect(compiled.stats().operations['Sin']).toBe(6);
    const times = await compiled.profile({ x });
    expect(times.operations.filter(({ operation }) => operation === 'Sin')).toHaveLength(6);
    compiled.dispose();
  });

  test('frees everything', () => {
    const x = tf.randomNormal([4, 16], 0, 1, 'float32', 8) as tf.Tensor2D;
    const weight = w();
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      gradientsWith(checkpointed(block))(weight, x);
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('barrier outside a trace gives the tensor itself', () => {
    const x = tf.scalar(1);
    expect(barrier(x, tf.scalar(2))).toBe(x);
  });
});

describe('fused', () => {
  const update = (w: tf.Tensor1D, { g, rate }: { g: tf.Tensor1D; rate: tf.Scalar }) => ({
    w: tf.sub(w, tf.mul(tf.div(g, tf.add(tf.sqrt(tf.square(g)), 1e-3)), rate)) as tf.Tensor1D,
    norm: tf.sum(tf.square(g)) as tf.Scalar,
  });
  let w: tf.Tensor1D;
  let inputs: { g: tf.Tensor1D; rate: tf.Scalar };

  beforeAll(() => {
    w = tf.tensor1d([1, 2, 3]);
    inputs = { g: tf.tensor1d([0.5, -1, 2]), rate: tf.scalar(0.1) };
  });

  test('has the values of the plain function, in one node, for several functions at once', async () => {
    const expected = update(w, inputs);
    const again = update(expected.w, inputs);
    const compiled = await compile(
      ({ w }: { w: tf.Tensor1D }, inputs: { g: tf.Tensor1D; rate: tf.Scalar }, times: number) => {
        let result = fused(update)(w, inputs);
        for (let i = 1; i < times; i++) result = fused(update)(result.w, inputs);
        return { state: { w }, metrics: result };
      },
      { state: { w }, batch: inputs, phase: 1 },
    );
    for (const [times, values] of [
      [1, expected],
      [2, again],
    ] as const) {
      const result = await compiled.run(inputs, times);
      expect(largestError(result.w.data, values.w.dataSync()).error).toBeLessThan(1e-6);
      expect(result.norm).toBeCloseTo(5.25, 5);
      expect(compiled.stats(times).operations['Sqrt']).toBeUndefined();
    }
    expect(fused(update)(w, inputs).norm.dataSync()[0]).toBeCloseTo(5.25, 5);
    compiled.dispose();
  });

  test('equal functions are one, others their own', async () => {
    const compiled = await compileFunction(
      ({ w }: { w: tf.Tensor1D }) => {
        const scaled = (by: number) => fused((x: tf.Tensor1D) => tf.exp(tf.mul(x, by)))(w);
        const other = fused((x: tf.Tensor1D) => tf.exp(tf.mul(x, [2, 2, 3])))(w);
        return {
          sum: tf.sum(
            tf.stack([
              scaled(2),
              fused((x: tf.Tensor1D) => tf.exp(tf.mul(x, 2)))(tf.mul(w, 1)),
              scaled(3),
              other,
            ]),
          ),
        };
      },
      { params: { w }, inputs: {} },
    );
    const { sum } = await compiled.run({});
    const expected = [1, 2, 3].reduce(
      (total, x, i) => total + 2 * Math.exp(2 * x) + Math.exp(3 * x) + Math.exp(x * [2, 2, 3][i]!),
      0,
    );
    expect((sum as number) / expected).toBeCloseTo(1, 5);
    const names = Object.entries(compiled.stats().operations).filter(([name]) => name.startsWith('fused_'));
    expect(names.map(([, count]) => count).sort()).toEqual([1, 1, 2]);
    compiled.dispose();
  });

  test('refuses tensors from outside, and gradients', async () => {
    const example = { params: { w }, inputs };
    await expect(
      compileFunction(({ w }: { w: tf.Tensor1D }) => {
        const twice = tf.mul(w, 2);
        return fused((w: tf.Tensor) => tf.add(w, twice))(w);
      }, example),
    ).rejects.toThrow(/A tensor made by Mul crosses the border of a fused function at .*functions\.test\.ts/);
    await expect(
      compileFunction(({ w }: { w: tf.Tensor1D }) => tf.grad((w) => tf.sum(fused(tf.sin)(w)))(w), example),
    ).rejects.toThrow(/under a gradient at .*functions\.test\.ts/);
  });

  test('writes new state where the old one lies, and everything sees the old one', async () => {
    interface Pair {
      a: tf.Tensor1D;
      b: tf.Tensor1D;
      total: tf.Tensor1D;
    }
    const start = (): Pair => ({ a: tf.tensor1d([1, 2]), b: tf.tensor1d([10, 20]), total: tf.zeros([2]) });
    const swap = fused((a: tf.Tensor1D, b: tf.Tensor1D) => ({
      a: tf.mul<tf.Tensor1D>(b, 2),
      b: tf.add<tf.Tensor1D>(a, 1),
    }));
    const step = ({ a, b, total }: Pair, { x }: { x: tf.Tensor1D }) => ({
      state: {
        ...swap(a, b),
        total: fused((t: tf.Tensor1D, a: tf.Tensor1D) => tf.add<tf.Tensor1D>(t, a))(total, a),
      },
      metrics: { product: tf.sum(tf.mul(tf.mul(a, b), x)) as tf.Scalar },
    });
    const x = tf.tensor1d([1, 1]);
    const compiled = await compile(step, { state: start(), batch: { x } });
    // Nothing is left to assign outside of the two functions.
    expect(compiled.stats().operations['AssignVariableOp']).toBeUndefined();
    let expected = start();
    for (let i = 0; i < 4; i++) {
      const before = await compiled.state();
      const metrics = await compiled.run({ x });
      const { state, metrics: eager } = step(expected, { x });
      expect(metrics.product).toBe(eager.product.dataSync()[0]);
      // A snapshot stays what it was.
      for (const key of ['a', 'b', 'total'] as const) {
        expect([...before[key].dataSync()]).toEqual([...expected[key].dataSync()]);
      }
      expected = state;
    }
    compiled.dispose();
  });

  test('new state that is a result, too, is both', async () => {
    const half = fused((w: tf.Tensor1D) => tf.mul<tf.Tensor1D>(w, 0.5));
    const compiled = await compile(
      ({ w }: { w: tf.Tensor1D }) => ({
        state: { w: half(w) },
        metrics: { sum: tf.sum(half(w)) as tf.Scalar },
      }),
      { state: { w: tf.tensor1d([4, 8]) }, batch: {} },
    );
    expect((await compiled.run({})).sum).toBe(6);
    expect((await compiled.run({})).sum).toBe(3);
    compiled.dispose();
  });
});

describe('what is known about a compiled step', () => {
  test('the graph as bytes, with names', async () => {
    const compiled = await compile(miniStep, { state: miniState(), batch: miniBatch(0), phase });
    const { graphDef, feeds, variables, outputs, assignments } = compiled.graphDef();
    const text = Buffer.from(graphDef).toString('latin1');
    for (const { node } of [...feeds, ...variables, ...outputs]) expect(text).toContain(node);
    expect(feeds.map(({ path }) => path)).toEqual(['images', 'labels', 'noise']);
    expect(variables.map(({ path }) => path)).toContain('momentum.hidden');
    expect(outputs.map(({ path }) => path)).toEqual(['loss', 'chosen', 'features']);
    expect(assignments).toHaveLength(7);
    expect(() => compiled.graphDef({ rate: 3, auxiliary: false })).toThrow(/was not traced yet/);
    compiled.dispose();
  });

  test('the time of each operation, by scope', async () => {
    const compiled = await compileFunction(
      (_: object, { x }: { x: tf.Tensor2D }) =>
        scope('outer', () =>
          tf.add(
            scope('inner', () => tf.matMul(x, x)),
            tf.sum(x),
          ),
        ),
      { params: {}, inputs: { x: tf.ones([300, 300]) as tf.Tensor2D } },
    );
    const times = await compiled.profile({ x: tf.ones([300, 300]) as tf.Tensor2D });
    const product = times.operations.find(({ node }) => node.includes('outer/inner/'));
    expect(product?.operation).toContain('MatMul');
    expect(product!.milliseconds).toBeGreaterThan(0);
    compiled.dispose();
  });

  test('a profile is of the graph as it was traced', async () => {
    const x = tf.ones([64, 64]) as tf.Tensor2D;
    // TensorFlow's graph optimizer would take the transposition into the product and both doublings into one.
    const f = (_: object, { x }: { x: tf.Tensor2D }) =>
      tf.mul(tf.mul(tf.matMul(tf.transpose(x), x), tf.scalar(2)), tf.scalar(2));
    const foreign = async (options: CompileOptions): Promise<string[]> => {
      const compiled = await compileFunction(f, { params: {}, inputs: { x } }, options);
      const { operations } = await compiled.profile({ x }, undefined, { runs: 2 });
      const traced = Buffer.from(compiled.graphDef().graphDef).toString('latin1');
      compiled.dispose();
      expect(new Set(operations.map(({ node }) => node)).size).toBe(operations.length); // runs are merged
      // Names with a leading underscore are the session's own: its source, what it is fed and gives back.
      return operations
        .map(({ node }) => node)
        .filter((node) => !node.startsWith('_') && !traced.includes(node));
    };
    expect(await foreign({})).toEqual([]);
    expect(await foreign({ rewrites: {} })).toEqual([expect.stringContaining('FoldTransposeIntoMatMul')]);
  });

  test('a profile of no runs is refused', async () => {
    const x = tf.ones([2, 2]) as tf.Tensor2D;
    const compiled = await compileFunction((_: object, { x }: { x: tf.Tensor2D }) => tf.square(x), {
      params: {},
      inputs: { x },
    });
    await expect(compiled.profile({ x }, undefined, { runs: 0 })).rejects.toThrow(
      'runs 0: give a whole number, 1 or more.',
    );
    compiled.dispose();
  });
});
