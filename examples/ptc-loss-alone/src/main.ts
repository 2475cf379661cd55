// A weakly-supervised project that has nothing to do with ToCo otherwise: its own encoder, its own training loop, and two
// functions of @toco/losses that keep its patch tokens from becoming all alike.
import { ptcLoss, tokenAffinity } from '@toco/losses';
import { initBackend } from '@toco/runtime';
import * as tf from '@tensorflow/tfjs-core';

await initBackend();

// Labels of a 4×4 token grid, e.g. from a CAM: class 1 at the left, background at the right, 255 where nothing is sure.
const tokenLabels = tf.tensor2d([[1, 1, 255, 0, 1, 1, 255, 0, 1, 255, 0, 0, 255, 0, 0, 0]], [1, 16], 'int32');
const affinity = tokenAffinity(tokenLabels, { ignoreIndex: 255 });

let patchTokens: tf.Tensor3D = tf.randomNormal([1, 16, 8], 0.5, 1, 'float32', 1);
const lossAndGradient = tf.valueAndGrad((tokens: tf.Tensor) => ptcLoss(tokens as tf.Tensor3D, affinity));
for (let step = 0; step <= 60; step++) {
  const { value, grad } = lossAndGradient(patchTokens);
  const loss = (await value.data())[0]!;
  if (step % 20 === 0) console.log(`step ${step}: ptc ${loss.toFixed(3)}`);
  const next = tf.tidy(() => tf.sub<tf.Tensor3D>(patchTokens, tf.mul(grad, 5)));
  tf.dispose([value, grad, patchTokens]);
  patchTokens = next;
}
