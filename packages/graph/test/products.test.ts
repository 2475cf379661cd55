import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { conv2dDilated } from '@toco/core';
import { initBackend } from '@toco/runtime';
import { largestError } from '@toco/testing';
import { compileFunction, type CompileOptions } from '../src/compile.js';

type Tensors = Record<string, tf.Tensor>;
type Fetched = Record<string, { data: Float32Array }>;

beforeAll(async () => {
  await initBackend({ backend: 'tensorflow', print: () => undefined });
});

const random = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** Values of `f` when compiled, and the kernels that ran for them by operation, whichever library has them. */
async function outcome(
  f: (inputs: Tensors) => Tensors,
  inputs: Tensors,
  options: CompileOptions,
): Promise<{ values: Fetched; kernels: Record<string, number>; exported: string }> {
  const compiled = await compileFunction((_: object, x: Tensors) => f(x), { params: {}, inputs }, options);
  const values = (await compiled.run(inputs)) as Fetched;
  const { operations } = await compiled.profile(inputs);
  const exported = Buffer.from(compiled.graphDef().graphDef).toString('latin1');
  compiled.dispose();
  const kernels: Record<string, number> = {};
  for (const { operation } of operations) {
    const name = operation.replace(/^_Mkl(Native)?/, '').replace(/^_?Fused/, 'Fused');
    kernels[name] = (kernels[name] ?? 0) + 1;
  }
  return { values, kernels, exported };
}

function errorOf(actual: { data: ArrayLike<number> }, expected: { data: ArrayLike<number> }): number {
  const { error, scale } = largestError(actual.data, expected.data);
  return error / scale;
}

const eager = (f: (inputs: Tensors) => Tensors, inputs: Tensors): Fetched =>
  Object.fromEntries(
    Object.entries(f(inputs)).map(([name, x]) => [name, { data: x.dataSync() as Float32Array }]),
  );

describe('a bias', () => {
  const made = (): Tensors => ({ x: random([6, 8], 1), weight: random([8, 4], 2), bias: random([4], 3) });
  const linear = ({ x, weight, bias }: Tensors): Tensors => ({
    y: tf.add(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D), bias!),
  });

  test.each([
    ['f32', 1e-6],
    ['bf16', 2 ** -7],
  ] as const)('is added within a product in %s', async (precision, bound) => {
    const inputs = made();
    const { values, kernels, exported } = await outcome(linear, inputs, { precision });
    expect(errorOf(values['y']!, eager(linear, inputs)['y']!)).toBeLessThan(bound);
    expect(kernels).toMatchObject({ FusedMatMul: 1 });
    expect(kernels).not.toHaveProperty('Add');
    expect(exported).not.toContain('FusedMatMul'); // no public operation
  });

  test('is added by itself where XLA compiles the whole', async () => {
    const inputs = made();
    const compiled = await compileFunction(
      (_: object, x: Tensors) => linear(x),
      { params: {}, inputs },
      { xla: true },
    );
    expect(compiled.stats().operations).not.toHaveProperty('_FusedMatMul');
    expect(
      errorOf(((await compiled.run(inputs)) as Fetched)['y']!, eager(linear, inputs)['y']!),
    ).toBeLessThan(1e-6);
    compiled.dispose();
  });

  test.each([
    [
      'of one value for all columns',
      ({ x, weight }: Tensors) => tf.add(tf.matMul(x!, weight!), tf.tensor1d([2])),
    ],
    [
      'of a column',
      ({ x, weight }: Tensors) => tf.add(tf.matMul(x!, weight!), tf.reshape(tf.range(0, 6), [6, 1])),
    ],
    [
      'added to a product that is used before',
      ({ x, weight, bias }: Tensors) => {
        const product = tf.matMul(x!, weight!);
        const square = tf.square(product);
        return tf.mul(square, tf.add(product, bias!));
      },
    ],
    [
      'added to products of a batch',
      ({ x, weight, bias }: Tensors) =>
        tf.add(tf.matMul(tf.stack([x!, x!]), tf.stack([weight!, weight!])), bias!),
    ],
  ])('%s is another sum', async (_, f) => {
    const inputs = made();
    const named = (x: Tensors): Tensors => ({ y: f(x) });
    const { values, kernels } = await outcome(named, inputs, { precision: 'f32' });
    expect(errorOf(values['y']!, eager(named, inputs)['y']!)).toBeLessThan(1e-6);
    expect(kernels).not.toHaveProperty('FusedMatMul');
  });
});

describe('in bf16, what lies between two products', () => {
  // Adding zeros that come in with the batch changes no value, and nobody can know it.
  const made = (): Tensors => ({
    x: random([12, 8], 4),
    weight: random([8, 48], 5),
    other: random([12, 12], 6),
    zero: tf.scalar(0),
  });
  const asFloat32 = (x: tf.Tensor, zero: tf.Tensor): tf.Tensor => tf.add(x, zero);

  /** A product, `between`, another product; once as it is, once with values in float32 after each step between. */
  async function both(
    between: (x: tf.Tensor, widen: (x: tf.Tensor) => tf.Tensor) => tf.Tensor,
  ): Promise<{ short: Awaited<ReturnType<typeof outcome>>; long: Awaited<ReturnType<typeof outcome>> }> {
    const inputs = made();
    const chain = (widen: (x: tf.Tensor, zero: tf.Tensor) => tf.Tensor) => (x: Tensors) => {
      const product = widen(tf.matMul(x['x']!, x['weight']!), x['zero']!);
      const values = between(product, (y) => widen(y, x['zero']!));
      return { y: tf.matMul(x['other']!, values.rank === 2 ? values : tf.reshape(values, [12, -1])) };
    };
    return {
      short: await outcome(
        chain((x) => x),
        inputs,
        { precision: 'bf16' },
      ),
      long: await outcome(chain(asFloat32), inputs, { precision: 'bf16' }),
    };
  }

  test.each<[string, (x: tf.Tensor, widen: (x: tf.Tensor) => tf.Tensor) => tf.Tensor]>([
    ['transposes', (x, widen) => tf.transpose(widen(tf.reshape(x, [3, 4, 2, 24])), [0, 2, 1, 3])],
    [
      'slices and concatenations',
      (x, widen) => tf.concat([tf.slice(x, [0, 4]), widen(tf.slice(x, 0, [12, 4]))], 1),
    ],
    [
      'pieces',
      (x, widen) =>
        tf.stack(
          tf
            .split(x, [12, 36], 1)
            .slice(0, 1)
            .concat(widen(tf.slice(x, 0, [12, 12]))),
        ),
    ],
    ['unpacking', (x) => tf.unstack(tf.reshape(x, [2, 12, 24]))[1]!],
    ['rectified values', (x) => tf.relu(x)],
    ['powers of two', (x) => tf.mul(x, 0.125)],
  ])('%s: keeps its values without conversions', async (_, between) => {
    const { short, long } = await both(between);
    expect(short.values).toEqual(long.values);
    expect(short.kernels['Cast']).toBe(4); // three factors that come in, one result
    expect(long.kernels['Cast']).toBeGreaterThan(4);
  });

  test.each<[string, (x: tf.Tensor) => tf.Tensor]>([
    ['other factors', (x) => tf.mul(x, 0.3)],
    ['negative factors', (x) => tf.mul(x, -0.5)],
    ['sums', (x) => tf.add(x, 1)],
  ])('%s: is computed in float32', async (_, between) => {
    const { short, long } = await both(between);
    expect(short.values).toEqual(long.values);
    expect(short.kernels['Cast']).toBeGreaterThan(4);
  });

  test('probabilities that only a product needs are rounded as they are made', async () => {
    const { short, long } = await both((x, widen) => widen(tf.softmax(x)));
    expect(short.kernels['Cast']).toBe(4);
    expect(errorOf(short.values['y']!, long.values['y']!)).toBeLessThan(2 ** -7);
  });

  test('probabilities that are looked at stay in float32', async () => {
    const attend = ({ x, weight, other }: Tensors): Tensors => {
      const probabilities = tf.softmax(tf.matMul(x!, weight!));
      const sums = tf.sum(probabilities, 1);
      return { sums, y: tf.matMul(other!, probabilities) };
    };
    const { values, kernels } = await outcome(attend, made(), { precision: 'bf16' });
    expect(kernels['Softmax']).toBe(1);
    for (const sum of values['sums']!.data) expect(Math.abs(sum - 1)).toBeLessThan(1e-6);
  });

  test('logits that no product gave are not rounded', async () => {
    // 1000 and 1001 are one number in bfloat16
    const logits = tf.tensor2d(
      Array.from({ length: 144 }, (_, i) => 1000 + (i % 2)),
      [12, 12],
    );
    const identity = tf.eye(12);
    const f = ({ logits, identity }: Tensors): Tensors => ({ y: tf.matMul(identity!, tf.softmax(logits!)) });
    const { values } = await outcome(f, { logits, identity }, { precision: 'bf16' });
    expect(errorOf(values['y']!, eager(f, { logits, identity })['y']!)).toBeLessThan(2 ** -7);
  });

  test('a weight that is transposed for one product and plain in another is rounded once', async () => {
    const inputs = made();
    const f = ({ x, weight }: Tensors): Tensors => {
      const y = tf.matMul(x!, weight!);
      return { back: tf.matMul(y, tf.transpose(weight!)) };
    };
    const { values, kernels } = await outcome(f, inputs, { precision: 'bf16' });
    expect(kernels['Cast']).toBe(3);
    expect(errorOf(values['back']!, eager(f, inputs)['back']!)).toBeLessThan(2 ** -6);
  });
});

/** The nearest bfloat16, ties to even. */
const rounded = (values: ArrayLike<number>): number[] => {
  const bits = new Int32Array(Float32Array.from(values).buffer);
  for (let i = 0; i < bits.length; i++) bits[i] = (bits[i]! + 0x7fff + ((bits[i]! >> 16) & 1)) & ~0xffff;
  return [...new Float32Array(bits.buffer)];
};

describe('where bf16 is rounding alone', () => {
  const precision = { precision: 'bf16', roundOnly: true } as const;

  test('products of rounded factors are rounded', async () => {
    const inputs = { x: random([5, 7], 1), weight: random([7, 6], 2) };
    const f = ({ x, weight }: Tensors): Tensors => ({ y: tf.matMul(x!, weight!) });
    const factors = Object.fromEntries(
      Object.entries(inputs).map(([name, x]) => [name, tf.tensor(rounded(x.dataSync()), x.shape)]),
    );
    const { values } = await outcome(f, inputs, precision);
    const exact = await outcome(f, factors, { precision: 'f32' });
    expect([...values['y']!.data]).toEqual(rounded(exact.values['y']!.data));
  });

  test('a bias is added before the sum is rounded', async () => {
    const inputs = { x: random([6, 8], 1), weight: random([8, 4], 2), bias: random([4], 3) };
    const linear = ({ x, weight, bias }: Tensors): Tensors => ({ y: tf.add(tf.matMul(x!, weight!), bias!) });
    const { values, kernels } = await outcome(linear, inputs, precision);
    expect(kernels).toMatchObject({ FusedMatMul: 1 });
    expect(kernels).not.toHaveProperty('MatMul');
    const factors = Object.fromEntries(
      Object.entries(inputs).map(([name, x]) => [name, tf.tensor(rounded(x.dataSync()), x.shape)]),
    );
    const exact = await outcome(linear, factors, { precision: 'f32' });
    expect([...values['y']!.data]).toEqual(rounded(exact.values['y']!.data));
  });

  test('chains of products keep the rounded values, as with products of bfloat16', async () => {
    const inputs = { x: random([6, 8], 1), weight: random([8, 24], 2), other: random([4, 12], 3) };
    const f = ({ x, weight, other }: Tensors): Tensors => {
      const y = tf.reshape(tf.matMul(x!, weight!), [12, 12]);
      return { y: tf.matMul(other!, tf.softmax(tf.transpose(y))) };
    };
    const { values, kernels } = await outcome(f, inputs, precision);
    expect(errorOf(values['y']!, eager(f, inputs)['y']!)).toBeLessThan(2 ** -6);
    expect(kernels['Softmax']).toBe(1);
  });

  test('a dilated convolution has its gradients', async () => {
    const inputs = {
      x: random([2, 9, 8, 5], 1),
      filter: random([3, 3, 5, 4], 2),
      dy: random([2, 9, 8, 4], 3),
    };
    const f = ({ x, filter, dy }: Tensors): Tensors => {
      const convolve = (a: tf.Tensor, b: tf.Tensor) => conv2dDilated(a, b, { dilation: 5, padding: 5 });
      const [dx, dFilter] = tf.grads((a, b) => convolve(a!, b!))([x!, filter!], dy!);
      return { y: convolve(x!, filter!), dx: dx!, dFilter: dFilter! };
    };
    const { values } = await outcome(f, inputs, precision);
    const expected = eager(f, inputs);
    for (const name of ['y', 'dx', 'dFilter'])
      expect(errorOf(values[name]!, expected[name]!)).toBeLessThan(2 ** -6);
  });
});
