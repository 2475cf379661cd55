import { expect, test } from '@jest/globals';
import type * as tf from '@tensorflow/tfjs-core';
import { assertShape } from '../src/assert-shape.js';

const shaped = (...shape: number[]): tf.Tensor => ({ shape }) as tf.Tensor;

test('returns the sizes of the named dimensions', () => {
  const { B, N, D } = assertShape('x', shaped(2, 7, 5), ['B', 'N', 'D']);
  expect([B, N, D]).toEqual([2, 7, 5]);
  expect(assertShape('x', shaped(2, 3, 4, 5), ['...', 'D'])).toEqual({ D: 5 });
  expect(assertShape('x', shaped(5), ['...', 'D'])).toEqual({ D: 5 });
  expect(assertShape('x', shaped(2, 9, 3), [2, null, 'C'])).toEqual({ C: 3 });
  expect(assertShape('x', shaped(), [])).toEqual({});
});

test.each([
  [shaped(2, 7), ['B', 'N', 'D'], 'ptcLoss: x has shape [2,7], expected [B,N,D]'],
  [shaped(2, 7, 5, 1), ['B', 'N', 'D'], 'ptcLoss: x has shape [2,7,5,1], expected [B,N,D]'],
  [shaped(2, 7, 6), ['B', 'N', 'N'], 'ptcLoss: x has shape [2,7,6], expected [B,N,N]'],
  [shaped(2, 4), [null, 3], 'ptcLoss: x has shape [2,4], expected [?,3]'],
  [shaped(), ['...', 'D'], 'ptcLoss: x has shape [], expected [...,D]'],
])('says what was expected: %j against %j', (tensor, pattern, message) => {
  expect(() => assertShape('ptcLoss: x', tensor, pattern)).toThrow(new Error(message));
});
