import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';

/** Bounds of {@link checkGradient}. */
interface CheckGradientOptions {
  /** Step of the central difference. */
  readonly step?: number;
  /** Largest |difference quotient − gradient · direction| / (|gradient| · |direction|). */
  readonly tolerance: number;
  readonly directions?: number;
}

/** Central differences along seeded random directions, and along single coordinates, against the gradient of `f`. */
export async function checkGradient(
  f: (x: tf.Tensor) => tf.Scalar,
  x: tf.Tensor,
  { step = 1e-2, tolerance, directions = 6 }: CheckGradientOptions,
): Promise<void> {
  const gradient = tf.grad(f)(x);
  const norm = Math.sqrt((await tf.sum(tf.square(gradient)).data())[0]!);
  if (!(norm > 0)) throw new Error(`gradient of norm ${norm}: nothing to check`);
  const coordinates = [0, Math.floor(x.size / 3), x.size - 1].map((i) =>
    tf.reshape(tf.oneHot(tf.tensor1d([i], 'int32'), x.size), x.shape),
  );
  const random = Array.from({ length: directions }, (_, seed) =>
    tf.randomNormal(x.shape, 0, 1, 'float32', seed + 1),
  );
  for (const direction of [...random, ...coordinates.map((c) => tf.cast(c, 'float32'))]) {
    const delta = tf.mul(direction, step);
    const [above, below, slope, size] = (await Promise.all(
      [f(tf.add(x, delta)), f(tf.sub(x, delta)), tf.sum(tf.mul(gradient, direction)), tf.norm(direction)].map(
        async (t) => (await t.data())[0]!,
      ),
    )) as [number, number, number, number];
    const error = Math.abs((above - below) / (2 * step) - slope) / (norm * size);
    if (!(error <= tolerance)) {
      throw new Error(`relative gradient error ${error} is beyond ${tolerance} (slope ${slope})`);
    }
  }
}
