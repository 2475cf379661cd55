import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { initBackend } from '@toco/runtime';
import { nodeBackend } from '../src/backend.js';
import { compile, compileFunction } from '../src/compile.js';
import { TraceError } from '../src/trace-error.js';

const here = /refusals\.test\.ts:\d+:\d+/;
const x = { data: Float32Array.of(1, 2, 3, 4), shape: [4] };

let tensors: number;

beforeAll(async () => {
  await initBackend({ backend: 'tensorflow', print: () => undefined });
});

/** The error with which compiling `f` on four numbers fails. */
async function refusal(f: (x: tf.Tensor1D) => unknown, options = {}): Promise<Error> {
  tensors = tf.memory().numTensors;
  const error = await compileFunction(
    (_: object, { x }: { x: tf.Tensor1D }) => f(x),
    { params: {}, inputs: { x } },
    options,
  ).then(
    () => new Error('nothing was refused'),
    (error: unknown) => error as Error,
  );
  expect(error.message).not.toContain('\n');
  return error;
}

describe('a step is refused, with the line that is to blame, when it', () => {
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(tensors);
    expect(Array.from(tf.tidy(() => tf.add(tf.tensor1d([1]), 1).dataSync()))).toEqual([2]);
  });

  test('reads a value back', async () => {
    const error = await refusal((x) => (tf.sum(x).dataSync()[0]! > 0 ? x : tf.neg(x)));
    expect(error).toBeInstanceOf(TraceError);
    expect(error.message).toMatch(/dataSync\(\) asks for the values of a traced tensor/);
    expect(error.message).toMatch(here);
  });

  test('multiplies what does not fit, though a kernel of ours lies between', async () => {
    const error = await refusal((x) => tf.matMul(tf.reshape(x, [2, 2]), tf.reshape(x, [4, 1])));
    expect(error).toBeInstanceOf(TraceError);
    expect(error.message).toMatch(/^MatMul: Dimensions must be equal, but are 2 and 4 /);
    expect(error.message).toMatch(here);
  });

  test('reads a value back under a gradient, where TensorFlow.js holds tensors', async () => {
    const error = await refusal((x) =>
      tf.grad((y) => {
        const squared = tf.square(y);
        squared.dataSync();
        return tf.sum(tf.sin(squared));
      })(x),
    );
    expect(error.message).toMatch(/dataSync\(\)/);
  });

  test('reads a value back and hides the error', async () => {
    const error = await refusal((x) => {
      try {
        x.arraySync();
      } catch {
        // as if nothing had happened
      }
      return x;
    });
    expect(error.message).toMatch(/dataSync\(\) asks for the values/);
  });

  test('reads a value back asynchronously', async () => {
    const error = await refusal((x) => {
      void x.data();
      return x;
    });
    expect(error.message).toMatch(/data\(\) asks for the values/);
    expect(error.message).toMatch(here);
  });

  test('is asynchronous', async () => {
    // eslint-disable-next-line @typescript-eslint/require-await
    const error = await refusal(async (x) => x);
    expect(error.message).toMatch(/must be synchronous/);
  });

  test('draws randomness in JavaScript', async () => {
    const error = await refusal((x) => tf.add(x, tf.randomUniform([4])));
    expect(error.message).toMatch(/Randomness is drawn in JavaScript/);
    expect(error.message).toMatch(here);
    const { random } = Math;
    expect(random()).not.toBe(random());
  });

  test('draws much seeded randomness', async () => {
    const draw = (x: tf.Tensor1D): tf.Tensor =>
      tf.mul(tf.slice(x, 0, 1), tf.randomNormal([20_000], 0, 1, 'float32', 3));
    const error = await refusal(draw);
    expect(error.message).toMatch(/^78 KiB of values made on the host, used at .* would be frozen/);
    expect(error.message).toMatch(here);
    expect((await refusal(draw, { maxConstantBytes: 100_000 })).message).toBe('nothing was refused');
  });

  test('captures weights from outside', async () => {
    const weights = tf.randomNormal([20_000], 0, 1, 'float32', 3);
    const uploaded = tf.add(weights, 0);
    const error = await refusal((x) => tf.mul(tf.slice(x, 0, 1), uploaded));
    expect(error.message).toMatch(
      /^78 KiB of a tensor from outside the step, used at .* weights with the state/,
    );
    tf.dispose([weights, uploaded]);
    tensors -= 2;
  });

  test('has a shape that depends on values', async () => {
    const error = await refusal((x) => tf.unique(x).values);
    expect(error.message).toMatch(/UniqueV2 gives a shape that depends on values \(\[-1\]\) at/);
    expect(error.message).toMatch(here);
  });

  test('does what TensorFlow cannot do', async () => {
    const T = { name: 'T', type: 4, value: 1 };
    const error = await refusal((x) => nodeBackend().executeSingleOutput('MatMul', [T], [x, x]));
    expect(error.message).toMatch(/MatMul: Shape must be rank 2 but is rank 1/);
    expect(error.message).toMatch(here);
  });

  test('calls a compiled function', async () => {
    const other = await compileFunction(
      (_: object, { x }: { x: tf.Tensor1D }, phase: number) => tf.add(x, phase),
      {
        params: {},
        inputs: { x },
        phase: 1,
      },
    );
    let inner: Promise<unknown> | undefined;
    const error = await refusal((y) => {
      inner = other.run({ x }, 2).catch((error: unknown) => (error as Error).message);
      return y;
    });
    expect(error.message).toMatch(/A compiled function is used at .*: do so outside of the step/);
    expect(error.message).toMatch(here);
    expect(await inner).toBe(error.message);
    other.dispose();
  });

  test('throws an error of its own', async () => {
    const error = await refusal((x) => {
      tf.add(x, 1);
      throw new Error('mine');
    });
    expect(error.message).toBe('mine');
  });

  test('returns plain numbers', async () => {
    const error = await refusal(() => ({ loss: 0.5 }));
    expect(error.message).toMatch(/result\.loss is a plain number/);
  });
});

test('structured constants of any size pass', async () => {
  const weights = new Float32Array(400 * 400);
  for (let i = 0; i < 400; i++) weights[i * 400 + i] = i;
  const { run, dispose } = await compileFunction(
    (_: object, { x }: { x: tf.Tensor1D }) =>
      tf.sum(tf.mul(tf.sum(x), tf.tensor2d(weights, [400, 400]))) as tf.Scalar,
    { params: {}, inputs: { x } },
  );
  expect(await run({ x })).toBe((10 * 400 * 399) / 2);
  dispose();
});

test('a tensor kept from a step says so when it is used, and can be disposed', async () => {
  const before = tf.memory().numTensors;
  let kept: tf.Tensor | undefined;
  const compiled = await compileFunction(
    (_: object, { x }: { x: tf.Tensor1D }) => {
      kept = tf.keep(tf.sqrt(x));
      return tf.neg(kept);
    },
    { params: {}, inputs: { x } },
  );
  const message = /A tensor made by Sqrt at .*refusals\.test\.ts:\d+:\d+ was kept from a traced step/;
  expect(() => tf.add(kept!, 1)).toThrow(message);
  expect(() => kept!.dataSync()).toThrow(message);
  await expect(kept!.data()).rejects.toThrow(message);
  await expect(
    compileFunction((_: object, { x }: { x: tf.Tensor1D }) => tf.add(x, kept!), {
      params: {},
      inputs: { x },
    }),
  ).rejects.toThrow(message);
  kept!.dispose();
  compiled.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

describe('a batch or state is refused when', () => {
  const sum = async (): ReturnType<typeof make> => make();
  const make = async () =>
    compileFunction((_: object, { x }: { x: tf.Tensor1D }) => tf.sum(x) as tf.Scalar, {
      params: {},
      inputs: { x },
    });

  test('its length does not fit its shape', async () => {
    const { run, dispose } = await sum();
    await expect(run({ x: { data: new Float32Array(3), shape: [4] } })).rejects.toThrow(
      'batch.x has 3 elements, but its shape [4] needs 4.',
    );
    dispose();
  });

  test('its type does not fit its data', async () => {
    const { run, dispose } = await sum();
    await expect(run({ x: { data: new Int32Array(4), shape: [4], dtype: 'float32' } })).rejects.toThrow(
      'batch.x is declared float32, but its data are a Int32Array.',
    );
    dispose();
  });

  test('a leaf is a number', async () => {
    await expect(
      compile((state: object) => ({ state, metrics: {} }), { state: { step: 3 }, batch: {} }),
    ).rejects.toThrow('state.step is a plain number');
  });

  test('state is of bytes', async () => {
    const state = { image: { data: new Uint8Array(2), shape: [2] } };
    await expect(compile((state: object) => ({ state, metrics: {} }), { state, batch: {} })).rejects.toThrow(
      'state.image is uint8',
    );
  });

  test('the returned state has another shape', async () => {
    await expect(
      compile(({ w }: { w: tf.Tensor }) => ({ state: { w: tf.sum(w) }, metrics: {} }), {
        state: { w: tf.zeros([2]) },
        batch: {},
      }),
    ).rejects.toThrow('The returned state.w is float32 [] where float32 [2] is expected.');
  });

  test('a program is used after it was disposed', async () => {
    const { run, dispose } = await compileFunction(
      (_: object, { x }: { x: tf.Tensor1D }) => tf.sum(x) as tf.Scalar,
      { params: {}, inputs: { x } },
    );
    dispose();
    await expect(run({ x })).rejects.toThrow(/disposed/);
  });

  test('no trace may be held', async () => {
    await expect(
      compileFunction(
        (_: object, { x }: { x: tf.Tensor1D }) => tf.sum(x),
        { params: {}, inputs: { x } },
        { maxTraces: 0 },
      ),
    ).rejects.toThrow('maxTraces 0: give a whole number, 1 or more.');
  });

  test('an index is out of range', async () => {
    const gather = await compileFunction(
      (_: object, { x, i }: { x: tf.Tensor1D; i: tf.Tensor1D }) => tf.gather(x, i),
      {
        params: {},
        inputs: { x, i: { data: Int32Array.of(1), shape: [1] } },
      },
    );
    expect((await gather.run({ x, i: { data: Int32Array.of(2), shape: [1] } })) as unknown).toMatchObject({
      data: Float32Array.of(3),
    });
    await expect(gather.run({ x, i: { data: Int32Array.of(9), shape: [1] } })).rejects.toThrow(
      /9 is not in \[0, 4\)/,
    );
    gather.dispose();
  });
});
