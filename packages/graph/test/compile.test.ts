import { beforeAll, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { initBackend } from '@toco/runtime';
import { compile } from '../src/index.js';

beforeAll(async () => {
  await initBackend();
});

interface State {
  weight: tf.Tensor2D;
  bias: tf.Tensor1D;
  step: tf.Scalar;
}

function step(
  state: State,
  { x }: { x: tf.Tensor2D },
  rate: number,
): { state: State; metrics: { loss: tf.Scalar } } {
  const { value, grads } = tf.valueAndGrads((w: tf.Tensor, b: tf.Tensor) =>
    tf.sum(tf.relu(tf.add(tf.matMul(x, w as tf.Tensor2D), b))),
  )([state.weight, state.bias]);
  return {
    state: {
      weight: tf.sub(state.weight, tf.mul(grads[0]!, rate)),
      bias: tf.sub(state.bias, tf.mul(grads[1]!, rate)),
      step: tf.add(state.step, tf.scalar(1, 'int32')),
    },
    metrics: { loss: value as tf.Scalar },
  };
}

test('runs', async () => {
  const state: State = {
    weight: tf.randomNormal([8, 5], 0, 1, 'float32', 1),
    bias: tf.zeros([5]),
    step: tf.scalar(0, 'int32'),
  };
  const x = tf.randomNormal([3, 8], 0, 1, 'float32', 2) as tf.Tensor2D;
  const compiled = await compile(step, { state, batch: { x }, phase: 0.1 });
  console.log(compiled.stats());
  let eager = state;
  for (let i = 0; i < 4; i++) {
    const { loss } = await compiled.run({ x }, i % 2 ? 0.1 : 0.01);
    const r = step(eager, { x }, i % 2 ? 0.1 : 0.01);
    eager = r.state;
    console.log(loss, r.metrics.loss.dataSync()[0]);
  }
  const s = await compiled.state();
  console.log(s.step.dataSync(), s.weight.shape);
  compiled.dispose();
});
