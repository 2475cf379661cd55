import { beforeAll, expect, test } from '@jest/globals';
import { compileFunction } from '@toco/graph';
import { vit } from '@toco/backbone';
import { compiling } from '@toco/core';
import { initBackend } from '@toco/runtime';
import { largestError } from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';
import { graphCompiler } from '../../src/step/graph-compiler.js';

beforeAll(() => initBackend());

test('a compiled step computes attention again in the backward pass instead of keeping it', async () => {
  const depth = 3;
  const backbone = vit({ imageSize: 16, patchSize: 4, dim: 6, depth, heads: 2 });
  const params = backbone.init(1);
  const images = tf.randomNormal([1, 16, 16, 3], 0, 1, 'float32', 2) as tf.Tensor4D;
  const gradient = (images: tf.Tensor): tf.Tensor4D =>
    tf.grad((x: tf.Tensor) => tf.sum(tf.exp(backbone.apply(params, x as tf.Tensor4D).patchTokens)))(
      images,
    ) as tf.Tensor4D;
  const compiled = async (within: <T>(f: () => T) => T) =>
    compileFunction(
      (_: object, { images }: { images: tf.Tensor4D }) => within(() => ({ gradient: gradient(images) })),
      {
        params: {},
        inputs: { images },
      },
    );
  const [plain, again] = [await compiled((f) => f()), await compiled((f) => compiling(graphCompiler, f))];
  // Without a barrier TensorFlow would merge the second computation with the first and keep its result.
  expect(plain.stats().operations['Softmax']).toBe(depth);
  expect(again.stats().operations['Softmax']).toBe(2 * depth);
  const [expected, got] = [await plain.run({ images }), await again.run({ images })];
  const valuesOf = ({ gradient }: { gradient: unknown }) => (gradient as { data: Float32Array }).data;
  const { error, scale } = largestError(valuesOf(got), valuesOf(expected));
  expect(error).toBeLessThan(1e-5 * scale);
  plain.dispose();
  again.dispose();
});
