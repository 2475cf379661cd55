import { expectNoLeak } from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';

/** Fails if a loss, or value and gradient of it, leave more than themselves behind. */
export async function expectNoLeakOf(f: (x: tf.Tensor) => tf.Scalar, x: tf.Tensor): Promise<void> {
  await expectNoLeak(() => f(x));
  await expectNoLeak(() => tf.valueAndGrad(f)(x));
}
