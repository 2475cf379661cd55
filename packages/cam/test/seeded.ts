import * as tf from '@tensorflow/tfjs-core';

/** Smooth normalized maps in 0 … 1, `[B,H,W,C]`. */
export function randomCam(
  [b, h, w, c]: readonly [number, number, number, number],
  seed: number,
): tf.Tensor4D {
  const coarse = tf.randomUniform([b, Math.ceil(h / 4), Math.ceil(w / 4), c], 0, 1, 'float32', seed);
  return tf.image.resizeBilinear(coarse as tf.Tensor4D, [h, w]);
}

/** Sum of a mask per image. */
export async function countPerImage(mask: tf.Tensor): Promise<number[]> {
  return (await tf.sum(tf.cast(mask, 'int32'), [1, 2]).array()) as number[];
}

/** Share of equal values. */
export async function agreement(actual: tf.Tensor, expected: tf.Tensor): Promise<number> {
  if (String(actual.shape) !== String(expected.shape)) {
    throw new Error(`shape [${actual.shape.join()}] instead of [${expected.shape.join()}]`);
  }
  return (await tf.mean(tf.cast(tf.equal(actual, expected), 'float32')).data())[0]!;
}
