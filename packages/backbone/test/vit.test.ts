import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { flattenTree } from '@toco/core';
import { initBackend } from '@toco/runtime';
import { expectClose, expectNoLeak } from '@toco/testing';
import { vit } from '../src/vit.js';
import type { BlockFunction } from '../src/backbone.js';

beforeAll(async () => {
  await initBackend();
});

const images = (shape: [number, number, number, number], seed = 1): tf.Tensor4D =>
  tf.randomNormal(shape, 0, 1, 'float32', seed);

const small = vit({ imageSize: 16, patchSize: 4, dim: 12, depth: 4, heads: 3 });

test.each([
  { size: [16, 16], grid: [4, 4] },
  { size: [4, 4], grid: [1, 1] },
  { size: [8, 20], grid: [2, 5] },
  { size: [19, 30], grid: [4, 7] }, // what fills no patch is left out
])('images of $size give a grid of $grid', async ({ size: [height, width], grid }) => {
  const params = small.init(0);
  const input = images([2, height!, width!, 3]);
  const output = small.apply(params, input);
  const count = grid[0]! * grid[1]!;
  expect(output.grid).toEqual(grid);
  expect(output.auxGrid).toEqual(grid);
  expect(output.clsToken.shape).toEqual([2, 12]);
  expect(output.patchTokens.shape).toEqual([2, count, 12]);
  expect(output.auxTokens.shape).toEqual([2, count, 12]);
  expect(output.taps).toBeUndefined();
  const whole = tf.slice(input, [0, 0, 0, 0], [2, 4 * grid[0]!, 4 * grid[1]!, 3]);
  await expectClose(small.apply(params, whole).patchTokens, output.patchTokens, { absolute: 0 });
});

test('an image gives the same alone as in a batch', async () => {
  const params = small.init(1);
  const batch = images([3, 16, 16, 3]);
  const alone = small.apply(params, tf.slice(batch, [1, 0, 0, 0], [1, 16, 16, 3]));
  const together = small.apply(params, batch);
  await expectClose(alone.clsToken, tf.slice(together.clsToken, [1, 0], [1, 12]), { relative: 1e-5 });
  await expectClose(alone.auxTokens, tf.slice(together.auxTokens, [1, 0, 0], [1, 16, 12]), {
    relative: 1e-5,
  });
});

test.each([
  { auxBlock: -3, index: 1 },
  { auxBlock: -1, index: 3 },
  { auxBlock: 0, index: 0 },
])('auxiliary tokens of block $auxBlock are the output of block $index', async ({ auxBlock, index }) => {
  const backbone = vit({ imageSize: 16, patchSize: 4, dim: 12, depth: 4, heads: 3, auxBlock });
  const { auxTokens, taps } = backbone.apply(backbone.init(2), images([1, 16, 16, 3]), { taps: ['tokens'] });
  expect(backbone.auxBlock).toBe(index);
  await expectClose(auxTokens, tf.slice(taps!.tokens![index]!, [0, 1, 0], [1, 16, 12]), { absolute: 0 });
});

test('taps are given as asked for, and nothing else', () => {
  const params = small.init(0);
  const tapped = (taps: ('prepared' | 'tokens' | 'attention' | 'lastAttention')[]): string[] =>
    Object.keys(small.apply(params, images([1, 16, 16, 3]), { taps }).taps!);
  expect(tapped(['attention'])).toEqual(['attention']);
  expect(tapped(['lastAttention', 'tokens'])).toEqual(['tokens', 'lastAttention']);
  expect(tapped([])).toEqual([]);
});

test('every block goes through wrapBlock', async () => {
  const params = small.init(0);
  const input = images([1, 16, 16, 3]);
  let calls = 0;
  const wrapBlock =
    (block: BlockFunction): BlockFunction =>
    (tokens, weights) => {
      calls++;
      return block(tokens, weights);
    };
  const wrapped = small.apply(params, input, { wrapBlock });
  expect(calls).toBe(4);
  await expectClose(wrapped.clsToken, small.apply(params, input).clsToken, { absolute: 0 });
});

describe('class tokens alone', () => {
  test.each([
    { options: {}, size: [16, 16] },
    { options: {}, size: [8, 20] },
    { options: { layerScale: 0.7, registerTokens: 2 }, size: [16, 16] },
    { options: { depth: 1, auxBlock: 0 }, size: [12, 16] },
  ])('are those of the whole pass: $options, $size', async ({ options, size: [height, width] }) => {
    const backbone = vit({ imageSize: 16, patchSize: 4, dim: 12, depth: 4, heads: 3, ...options });
    const params = backbone.init(4);
    const input = images([3, height!, width!, 3]);
    const { clsToken } = backbone.apply(params, input);
    await expectClose(backbone.clsToken(params, input), clsToken, { relative: 1e-5 });
  });

  test('go through wrapBlock, and leave one tensor', async () => {
    const params = small.init(0);
    const input = images([1, 16, 16, 3]);
    const shapes: number[][] = [];
    const wrapBlock =
      (block: BlockFunction): BlockFunction =>
      (tokens, weights) => {
        const output = block(tokens, weights);
        shapes.push(output.shape);
        return output;
      };
    const wrapped = small.clsToken(params, input, { wrapBlock });
    expect(shapes).toEqual([...Array<number[]>(3).fill([1, 17, 12]), [1, 1, 12]]);
    await expectClose(wrapped, small.clsToken(params, input), { absolute: 0 });
    await expectNoLeak(() => small.clsToken(params, input));
    const before = tf.memory().numTensors;
    small.clsToken(params, input);
    expect(tf.memory().numTensors).toBe(before + 1);
  });
});

describe('parameters', () => {
  test('the same seed gives the same, another one others, every tensor its own', async () => {
    const values = async (seed: number, path: string): Promise<string> =>
      String((await flattenTree(small.init(seed)).get(path)!.data()).slice(0, 8));
    const path = 'blocks.2.mlp.fc1.weight';
    expect(await values(7, path)).toBe(await values(7, path));
    expect(await values(7, path)).not.toBe(await values(8, path));
    expect(await values(7, path)).not.toBe(await values(7, 'blocks.3.mlp.fc1.weight'));
  });

  test('positions alone are not trained', () => {
    const paths = [...flattenTree(small.init(0)).keys()];
    expect(paths.filter((path) => !small.trainable(path))).toEqual(['pos_embed']);
  });
});

test('nothing is left behind', async () => {
  await expectNoLeak(() => small.init(0));
  const params = small.init(0);
  const input = images([1, 8, 16, 3]);
  await expectNoLeak(() =>
    small.apply(params, input, { taps: ['prepared', 'tokens', 'attention', 'lastAttention'] }),
  );
});

test('a forward leaves three tensors', () => {
  const params = small.init(0);
  const input = images([1, 8, 16, 3]);
  const before = tf.memory().numTensors;
  small.apply(params, input);
  expect(tf.memory().numTensors).toBe(before + 3);
});

test('mistakes are one line', () => {
  const sizes = { imageSize: 16, patchSize: 4, dim: 12, depth: 4 };
  expect(() => vit({ ...sizes, heads: 5 })).toThrow(
    'vit: dim 12 is not divisible by 5 heads; choose a divisor',
  );
  expect(() => vit({ ...sizes, heads: 3, auxBlock: 4 })).toThrow(
    'vit: auxBlock 4 is none of the 4 blocks; choose -4 … 3',
  );
  const params = small.init(0);
  expect(() => small.apply(params, images([1, 3, 8, 3]))).toThrow(
    'vit: images of 3×8 hold no patch of 4; enlarge them',
  );
  expect(() => small.clsToken(params, images([1, 3, 8, 3]))).toThrow('hold no patch of 4');
  expect(() => small.apply(params, images([1, 8, 8, 4]))).toThrow(
    /images has shape \[1,8,8,4\], expected \[B,H,W,3\]/,
  );
});
