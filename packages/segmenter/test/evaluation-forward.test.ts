import { beforeAll, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { expectClose, randomTensor } from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';
import { evaluationForward } from '../src/forward/evaluation-forward.js';
import { inLanes } from '@toco/graph';
import { smallNetwork } from './small-network.js';

beforeAll(() => initBackend());

test('every pass goes the way that it is told, to the same results', async () => {
  const network = smallNetwork();
  const { params } = network.init(5);
  const inputs = {
    images: randomTensor([2, 64, 64, 3], 2) as tf.Tensor4D,
    classes: tf.tensor2d([0, 2, 1, -1], [2, 2], 'int32'),
  };
  let blocks = 0;
  const wrapBlock: ReturnType<typeof inLanes> = (block) => (tokens, weights) => {
    blocks++;
    return inLanes(2)(block)(tokens, weights);
  };
  const whole = evaluationForward(network, { scales: [1, 0.5] })(params, inputs);
  const parts = evaluationForward(network, { scales: [1, 0.5], forward: { wrapBlock } })(params, inputs);
  // the images, mirrored ones, and both at half size
  expect(blocks).toBe(3 * 4);
  for (const key of ['cam', 'camAux', 'segLogits', 'clsLogits', 'similarity'] as const)
    await expectClose(parts[key], whole[key], { absolute: 1e-5 });
});
