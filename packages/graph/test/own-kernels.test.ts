import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '@toco/runtime';
import { expectClose, testWhere } from '@toco/testing';
import { compileFunction } from '../src/compile.js';
import { fused } from '../src/fused.js';

const { kernels } = await initBackend({ backend: 'tensorflow', print: () => undefined });
const hasKernels = kernels !== undefined;

const isThere = (): boolean => (tf.getKernel('TocoAttention', 'tensorflow') as unknown) !== undefined;

/** Attention with a linear map before and after it: by one operation where there is one. */
function attention(x: tf.Tensor2D, weight: tf.Tensor2D): tf.Tensor2D {
  const qkv = tf.reshape(tf.matMul(x, weight), [1, 6, 3, 2, 4]);
  const byProducts = (): tf.Tensor => {
    const [q, k, v] = tf.unstack(tf.transpose(qkv, [2, 0, 3, 1, 4])) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const p = tf.softmax(tf.div(tf.matMul(q, k, false, true), 2));
    return tf.transpose(tf.matMul(p, v), [0, 2, 1, 3]);
  };
  const output = isThere()
    ? (tf.engine().runKernel('TocoAttention', { qkv }) as tf.Tensor[])[0]!
    : byProducts();
  return tf.matMul(tf.reshape(output, [6, 8]) as tf.Tensor2D, weight);
}

const inputs = (): { x: tf.Tensor2D; weight: tf.Tensor2D } => ({
  x: tf.randomNormal([6, 8], 0, 1, 'float32', 1),
  weight: tf.randomNormal([8, 24], 0, 1, 'float32', 2),
});
const f = (_: object, { x, weight }: ReturnType<typeof inputs>): { y: tf.Tensor } => ({
  y: attention(x, weight),
});

describe('operations of our own', () => {
  test('are in the graph that runs here, and in none for others', async () => {
    const given = inputs();
    const compiled = await compileFunction(f, { params: {}, inputs: given });
    expect(compiled.stats().operations['TocoAttention']).toBe(hasKernels ? 1 : undefined);
    const { y } = (await compiled.run(given)) as unknown as { y: { data: Float32Array } };
    await expectClose(tf.tensor(y.data, [6, 24]), attention(given.x, given.weight), { absolute: 1e-5 });
    const exported = Buffer.from(compiled.graphDef().graphDef).toString('latin1');
    expect(exported).not.toContain('TocoAttention');
    expect(exported).toContain('Softmax');
    expect(isThere()).toBe(hasKernels);
    compiled.dispose();
  });

  test('are left out of what XLA compiles, whole or in part', async () => {
    const given = inputs();
    const whole = await compileFunction(f, { params: {}, inputs: given }, { xla: true });
    expect(whole.stats().operations).not.toHaveProperty('TocoAttention');
    const part = await compileFunction(
      (_: object, { x, weight }: ReturnType<typeof inputs>) => ({ y: fused(attention)(x, weight) }),
      {
        params: {},
        inputs: given,
      },
    );
    for (const compiled of [whole, part]) {
      const { y } = (await compiled.run(given)) as unknown as { y: { data: Float32Array } };
      await expectClose(tf.tensor(y.data, [6, 24]), attention(given.x, given.weight), { absolute: 1e-5 });
      compiled.dispose();
    }
    expect(isThere()).toBe(hasKernels);
  });

  const where = testWhere(test, hasKernels, 'no kernels on this machine');
  where('take and give rounded values in bf16', async () => {
    const given = inputs();
    const compiled = await compileFunction(f, { params: {}, inputs: given }, { precision: 'bf16' });
    // x and the weight are rounded; between the three products nothing is; the result is widened.
    const { operations } = await compiled.profile(given);
    expect(operations.filter(({ operation }) => operation.endsWith('Cast'))).toHaveLength(3);
    const { y } = (await compiled.run(given)) as unknown as { y: { data: Float32Array } };
    const expected = attention(given.x, given.weight);
    const scale = tf.max(tf.abs(expected)).dataSync()[0]!;
    await expectClose(tf.tensor(y.data, [6, 24]), expected, { absolute: 2 ** -6 * scale });
    compiled.dispose();
  });
});
