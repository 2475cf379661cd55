import { beforeAll, expect, test } from '@jest/globals';
import { compileFunction } from '@toco/graph';
import { vit } from '@toco/backbone';
import { cropFlags } from '@toco/cam';
import { resize } from '@toco/core';
import { ctcLoss, ptcLoss } from '@toco/losses';
import { initBackend } from '@toco/runtime';
import { largestError, withoutOwnKernels } from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';

beforeAll(() => initBackend());

test('a compiled step without kernels of ours computes attention again instead of keeping it', async () => {
  const depth = 3;
  const backbone = vit({ imageSize: 16, patchSize: 4, dim: 6, depth, heads: 2 });
  const params = backbone.init(1);
  const images = tf.randomNormal([1, 16, 16, 3], 0, 1, 'float32', 2) as tf.Tensor4D;
  const gradient = (images: tf.Tensor): tf.Tensor4D =>
    tf.grad((x: tf.Tensor) => tf.sum(tf.exp(backbone.apply(params, x as tf.Tensor4D).patchTokens)))(
      images,
    ) as tf.Tensor4D;
  const compiled = async (options: { plain?: boolean }) =>
    compileFunction(
      (_: object, { images }: { images: tf.Tensor4D }) => ({ gradient: gradient(images) }),
      {
        params: {},
        inputs: { images },
      },
      options,
    );
  const [plain, again] = await withoutOwnKernels(
    async () => [await compiled({ plain: true }), await compiled({})] as const,
  );
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

test('losses, resizing and what is compared with thresholds stay in float32 under bf16', async () => {
  const random = <T extends tf.Tensor>(shape: number[], seed: number): T =>
    tf.randomUniform(shape, 0, 1, 'float32', seed) as T;
  const inputs = {
    tokens: random<tf.Tensor3D>([2, 9, 8], 1),
    student: random<tf.Tensor2D>([8, 8], 2),
    teacher: random<tf.Tensor2D>([4, 8], 3),
    map: random<tf.Tensor4D>([2, 3, 3, 2], 4),
  };
  const affinity = tf.cast<tf.Tensor3D>(tf.greater(random<tf.Tensor3D>([2, 9, 9], 5), 0.5), 'int32');
  const flags = tf.tensor2d([1, 1, 0, 1, 1, 1, 1, 0], [2, 4]);
  const origins = tf.tensor3d([1, 2, 30, 40], [2, 1, 2], 'int32');
  const imgBox = tf.tensor2d([0, 600, 0, 600, 0, 600, 0, 600], [2, 4], 'int32');
  const loss = ({ tokens, student, teacher, map }: typeof inputs): tf.Scalar => {
    const large = resize(map, [12, 9], { method: 'bilinear', alignCorners: false });
    const parts = [ptcLoss(tokens, affinity), ctcLoss(student, teacher, flags), tf.sum(tf.square(large))];
    return tf.addN(parts) as tf.Scalar;
  };
  const of = (x: typeof inputs): Record<string, tf.Tensor> => {
    const { value, grads } = tf.valueAndGrads((tokens, student, map) =>
      loss({ ...x, tokens, student, map } as typeof inputs),
    )([x.tokens, x.student, x.map]);
    // 513 of 600 rows of ones: no number that bfloat16 has
    const region = tf.ones<tf.Rank.R3>([2, 600, 600]);
    const crops = cropFlags(
      region,
      { origins, imgBox },
      { cropSize: 513, threshold: 0.9999, behavior: 'reference' },
    );
    const [tokens, student, map] = grads as [tf.Tensor, tf.Tensor, tf.Tensor];
    return { value, crops, tokens, student, map };
  };
  const compiled = await compileFunction(
    (_: object, x: typeof inputs) => of(x),
    { params: {}, inputs },
    { precision: 'bf16' },
  );
  const got = (await compiled.run(inputs)) as Record<string, number | { data: Float32Array }>;
  for (const [name, expected] of Object.entries(of(inputs))) {
    const value = got[name]!;
    const { error, scale } = largestError(
      typeof value === 'number' ? [value] : value.data,
      expected.dataSync(),
    );
    expect([name, error <= 1e-5 * scale]).toEqual([name, true]);
  }
  compiled.dispose();
});
