import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { valueAndGrad } from '../src/value-and-grad.js';

test('a tfjs-core without gradients is told apart from every other failure', () => {
  expect(tf.getGradient('Add')).toBeUndefined();
  const differentiated = () =>
    valueAndGrad(() => {
      throw new Error('not reached');
    }, {});
  expect(differentiated).toThrow(/this @tensorflow\/tfjs-core has no gradients; .*import/);
});
