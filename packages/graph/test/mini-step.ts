import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';

/** State of {@link miniStep}: a convolution, a two-layer network, and momentum for each of their weights. */
export interface MiniState {
  params: { filter: tf.Tensor4D; hidden: tf.Tensor2D; weight: tf.Tensor2D; frozen: tf.Tensor1D };
  momentum: { filter: tf.Tensor4D; hidden: tf.Tensor2D; weight: tf.Tensor2D };
  step: tf.Scalar;
}

/** Images, labels and the noise that chooses positions. */
export interface MiniBatch {
  images: tf.Tensor4D;
  labels: tf.Tensor1D;
  noise: tf.Tensor2D;
}

/** What is switched on, and the learning rate. */
export interface MiniPhase {
  rate: number;
  auxiliary: boolean;
}

/** What a mini step reports. */
export interface MiniMetrics {
  loss: tf.Scalar;
  chosen: tf.Tensor2D;
  features: tf.Tensor4D;
}

const normal = (shape: number[], seed: number, deviation = 0.3): tf.Tensor =>
  tf.randomNormal(shape, 0, deviation, 'float32', seed + 100); // 0 would mean: no seed

/** A state to begin with. */
export function miniState(): MiniState {
  return {
    params: {
      filter: normal([3, 3, 3, 8], 1) as tf.Tensor4D,
      hidden: normal([8, 16], 2) as tf.Tensor2D,
      weight: normal([16, 5], 3) as tf.Tensor2D,
      frozen: normal([16], 4) as tf.Tensor1D,
    },
    momentum: { filter: tf.zeros([3, 3, 3, 8]), hidden: tf.zeros([8, 16]), weight: tf.zeros([16, 5]) },
    step: tf.scalar(0, 'int32'),
  };
}

/** A batch of `size` images. */
export function miniBatch(seed: number, size = 2): MiniBatch {
  return {
    images: normal([size, 12, 12, 3], seed, 1) as tf.Tensor4D,
    labels: tf.tensor1d(
      Array.from({ length: size }, (_, i) => (i * 3 + seed) % 5),
      'int32',
    ),
    noise: normal([size, 36], seed + 1, 1) as tf.Tensor2D,
  };
}

/** A training step with what real ones are made of: convolution, top-k, gather, softmax, gradients and an optimizer. */
export function miniStep(
  state: MiniState,
  { images, labels, noise }: MiniBatch,
  { rate, auxiliary }: MiniPhase,
): { state: MiniState; metrics: MiniMetrics } {
  const { filter, hidden, weight, frozen } = state.params;
  const size = images.shape[0];
  const chosen = tf.topk(noise, 4).indices as tf.Tensor2D;
  let features: tf.Tensor4D | undefined;
  const { value, grads } = tf.valueAndGrads((filter, hidden, weight) => {
    const map = tf.relu(tf.conv2d(images, filter as tf.Tensor4D, 2, 'same'));
    features = tf.keep(tf.clone(map));
    const tokens = tf.reshape(map, [size * 36, 8]);
    const offsets = tf.mul(tf.range(0, size, 1, 'int32'), tf.scalar(36, 'int32'));
    const picked = tf.gather(tokens, tf.reshape(tf.add(chosen, tf.reshape(offsets, [size, 1])), [size * 4]));
    const inner = tf.add(tf.tanh(tf.matMul(picked, hidden as tf.Tensor2D)), frozen);
    const logits = tf.mean(tf.reshape(tf.matMul(inner, weight as tf.Tensor2D), [size, 4, 5]), 1);
    const probabilities = tf.softmax(logits);
    const correct = tf.sum(tf.mul(probabilities, tf.cast(tf.oneHot(labels, 5), 'float32')), -1);
    const loss = tf.neg(tf.mean(tf.log(correct)));
    return (auxiliary ? tf.add(loss, tf.mul(tf.mean(tf.square(tokens)), 0.1)) : loss) as tf.Scalar;
  })([filter, hidden, weight]);
  const names = ['filter', 'hidden', 'weight'] as const;
  const momentum = Object.fromEntries(
    names.map((name, i) => [name, tf.add(tf.mul(state.momentum[name], 0.9), grads[i]!)]),
  ) as unknown as MiniState['momentum'];
  const params = Object.fromEntries(
    names.map((name) => [name, tf.sub(state.params[name], tf.mul(momentum[name], rate))]),
  ) as unknown as MiniState['params'];
  return {
    state: { params: { ...params, frozen }, momentum, step: tf.add(state.step, tf.scalar(1, 'int32')) },
    metrics: { loss: value as tf.Scalar, chosen, features: features! },
  };
}
