import { compileFunction, type Precision } from '@toco/graph';
import * as tf from '@tensorflow/tfjs-core';

/** Products per call: one after the other, so that feeding and reading back weigh nothing. */
const products = 4;

/** GFLOP/s of the best of several calls of square matrix products in the engine that the step runs in. */
export async function matrixProductPeak(size: number, precision: Precision): Promise<number> {
  const matrix = (): tf.Tensor2D => tf.fill([size, size], 0.5);
  const params = { a: matrix(), b: matrix() };
  const chain = (given: typeof params, { scale }: { scale: tf.Scalar }): { corner: tf.Tensor } => {
    let product = tf.mul(given.a, scale) as tf.Tensor2D;
    for (let i = 0; i < products; i++) product = tf.matMul(product, given.b);
    return { corner: tf.sum(tf.slice(product, [0, 0], [1, 1])) };
  };
  const inputs = { scale: { data: Float32Array.of(1e-3), shape: [] } };
  const compiled = await compileFunction(chain, { params, inputs }, { precision });
  tf.dispose(params);
  let best = Infinity;
  for (let call = 0; call < 5; call++) {
    const start = performance.now();
    await compiled.run(inputs);
    best = Math.min(best, performance.now() - start);
  }
  compiled.dispose();
  return (products * 2 * size ** 3) / (best / 1000) / 1e9;
}
