import { beforeAll, describe, expect, test } from '@jest/globals';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { flattenTree, mapTree, valueAndGrad } from '@toco/core';
import { decodeSafetensors, type NDArray } from '@toco/formats';
import { initBackend } from '@toco/runtime';
import { compileFunction } from '@toco/graph';
import {
  expectClose,
  expectNoLeak,
  gradientCheck,
  largestError,
  randomTensor,
  toTensor,
} from '@toco/testing';
import { readFileSync } from 'node:fs';
import { loadPretrained } from '../src/pretrained.js';
import { swin } from '../src/swin.js';
import { swinTiny } from '../src/swin-tiny.js';
import type { BlockFunction } from '../src/backbone.js';
import type { SwinParams } from '../src/swin-params.js';

const arrays = decodeSafetensors(readFileSync(new URL('__fixtures__/swin.safetensors', import.meta.url)));
const golden = (key: string): tf.Tensor => toTensor(arrays[key]!);

/** The arrays whose names begin with a prefix, without it. */
const below = (prefix: string): Record<string, NDArray> =>
  Object.fromEntries(
    Object.entries(arrays).flatMap(([name, array]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), array] as const] : [],
    ),
  );

const small = swin({ dim: 8, depths: [2, 2, 2], heads: [2, 2, 4], window: 4 });
const goldenParams = (): SwinParams => loadPretrained(small, small.init(0), below('params.')).params;
const images = (shape: number[]): tf.Tensor4D => randomTensor(shape, 3) as tf.Tensor4D;

beforeAll(async () => {
  await initBackend();
});

test('paths of the parameters are exactly the names of timm', () => {
  const { report } = loadPretrained(small, small.init(0), below('params.'));
  expect(report.missing).toEqual([]);
  expect(report.leftOver).toEqual([]);
  expect(report.resized).toEqual([]);
});

describe.each([
  { size: '64x64', by: 'timm', about: 'windows fit; one window in the last stage' },
  { size: '128x64', by: 'timm', about: 'shifted along one direction only in the last stage' },
  { size: '72x56', by: 'torchvision', about: 'padded and shifted windows, odd grids' },
  { size: '20x12', by: 'torchvision', about: 'grids smaller than a window' },
])('$size against $by: $about', ({ size }) => {
  const bound = { relative: 1e-5 };

  test('tokens of every stage', async () => {
    const output = small.apply(goldenParams(), golden(`${size}.images`) as tf.Tensor4D, { taps: ['tokens'] });
    for (const [stage, block] of [1, 3, 5].entries()) {
      const expected = golden(`${size}.stage${stage}`);
      await expectClose(tf.reshape(output.taps!.tokens![block]!, expected.shape), expected, bound);
    }
    const tokens = golden(`${size}.tokens`);
    expect(output.grid).toEqual(tokens.shape.slice(1, 3));
    await expectClose(tf.reshape(output.patchTokens, tokens.shape), tokens, bound);
    await expectClose(output.clsToken, tf.mean(tokens, [1, 2]), bound);
    const auxiliary = golden(`${size}.stage1`);
    expect(output.auxGrid).toEqual(auxiliary.shape.slice(1, 3));
    await expectClose(tf.reshape(output.auxTokens, auxiliary.shape), auxiliary, bound);
  });

  test('gradients', async () => {
    const input = golden(`${size}.images`) as tf.Tensor4D;
    const { grads } = valueAndGrad((params) => {
      const { patchTokens, auxTokens } = small.apply(params, input);
      const cubes = tf.mul(patchTokens, tf.square(patchTokens));
      return { loss: tf.add(tf.mean(cubes), tf.mean(tf.square(auxTokens))), aux: {} };
    }, goldenParams());
    const expected = Object.entries(below(`${size}.grad.`));
    expect(expected).toHaveLength(7);
    for (const [path, array] of expected) {
      const gradient = flattenTree(grads).get(path)!;
      const stored = gradient.rank === 4 ? tf.transpose(gradient, [3, 2, 0, 1]) : gradient;
      await expectClose(stored, toTensor(array), { relative: 1e-5 });
    }
  });
});

/** All results in one vector. */
const features = (params: SwinParams, input: tf.Tensor4D, backbone = small): tf.Tensor1D => {
  const { clsToken, patchTokens, auxTokens } = backbone.apply(params, input);
  return tf.concat([clsToken, patchTokens, auxTokens].map((x) => tf.reshape(x, [-1])));
};

test('finite differences: images and every parameter, with padded and shifted windows', async () => {
  const backbone = swin({ dim: 6, depths: [2, 1], heads: [1, 2], window: 3 });
  // Larger than the initial weights, so that no gradient is lost in rounding.
  const params = mapTree(backbone.init(3), (leaf, path) =>
    tf.add(leaf, tf.mul(randomTensor(leaf.shape, path.length), 0.3)),
  );
  const paths = [...flattenTree(params).keys()];
  const leaves = paths.map((path) => flattenTree(params).get(path)!);
  const f = (input: tf.Tensor, ...values: tf.Tensor[]): tf.Tensor => {
    const moved = new Map(paths.map((path, i) => [path, values[i]!]));
    const there = mapTree(params, (leaf, path) => moved.get(path) ?? leaf);
    return features(there, input as tf.Tensor4D, backbone);
  };
  // 366 results of about 5e-7 of rounding each, over a step of 0.01, are a noise of 4e-4.
  const options = { relative: 1e-3, absolute: 5e-4, step: 0.01, directions: 1, entries: 0 };
  await gradientCheck(f, [images([1, 28, 20, 3]), ...leaves], options);
});

test('traced and eager agree, at several sizes with the same parameters', async () => {
  const params = goldenParams();
  const compiled = await compileFunction(
    (p: SwinParams, { input }: { input: tf.Tensor4D }) => ({ features: features(p, input) }),
    { params, inputs: { input: images([2, 64, 64, 3]) } },
  );
  for (const shape of [
    [2, 64, 64, 3],
    [1, 72, 56, 3],
    [3, 20, 12, 3],
  ]) {
    const input = images(shape);
    const traced = await compiled.run({ input });
    const { error, scale } = largestError(traced.features.data, await features(params, input).data());
    expect(error).toBeLessThanOrEqual(1e-6 * scale);
  }
  compiled.dispose();
});

test('the cpu backend gives the same features', async () => {
  const [params, input] = [goldenParams(), images([1, 40, 24, 3])];
  const expected = features(params, input);
  const values = await expected.data();
  await tf.setBackend('cpu');
  await expectClose(features(params, input), tf.tensor1d(values), { relative: 1e-5 });
  await tf.setBackend('tensorflow');
});

describe('padding', () => {
  const sizes = { dim: 8, depths: [2], heads: [2], auxBlock: -1 };
  const [wide, narrow] = [4, 3].map((window) => swin({ ...sizes, window }));
  const masking = swin({ ...sizes, window: 4, maskPadding: true });

  /** The same parameters with the middle 5×5 of the 7×7 relative positions. */
  const cropped = (params: SwinParams): SwinParams =>
    mapTree(params, (leaf, path) => {
      if (!path.endsWith('relative_position_bias_table')) return leaf;
      const middle = tf.slice(tf.reshape(leaf, [7, 7, 2]), [1, 1, 0], [5, 5, 2]);
      return tf.reshape(middle, [25, 2]);
    });

  test('masked, a window beyond the grid is one of the size of the grid', async () => {
    const params = mapTree(wide!.init(1), (leaf) => tf.add(leaf, tf.mul(randomTensor(leaf.shape, 9), 0.3)));
    const input = images([2, 12, 12, 3]);
    const expected = narrow!.apply(cropped(params), input).patchTokens;
    await expectClose(masking.apply(params, input).patchTokens, expected, { relative: 1e-5 });
    await expect(
      expectClose(wide!.apply(params, input).patchTokens, expected, { relative: 1e-2 }),
    ).rejects.toThrow('error');
  });
});

test('an image gives the same alone as in a batch', async () => {
  const params = goldenParams();
  const batch = images([3, 40, 24, 3]);
  const alone = small.apply(params, tf.slice(batch, [1, 0, 0, 0], [1, 40, 24, 3]));
  const together = small.apply(params, batch);
  await expectClose(alone.clsToken, tf.slice(together.clsToken, [1, 0], [1, 32]), { relative: 1e-5 });
  await expectClose(alone.auxTokens, tf.slice(together.auxTokens, [1, 0, 0], [1, 15, 16]), {
    relative: 1e-5,
  });
});

test('auxiliary tokens of any block, on the grid and in the length of its stage', async () => {
  for (const [auxBlock, index, width] of [
    [0, 0, 8],
    [-4, 2, 16],
    [undefined, 3, 16],
    [-1, 5, 32],
  ] as const) {
    const backbone = swin({
      ...{ dim: 8, depths: [2, 2, 2], heads: [2, 2, 4], window: 4 },
      ...(auxBlock !== undefined && { auxBlock }),
    });
    const output = backbone.apply(goldenParams(), images([1, 64, 32, 3]), { taps: ['tokens'] });
    expect([backbone.auxBlock, backbone.auxDim, output.auxTokens.shape[2]]).toEqual([index, width, width]);
    expect(output.auxGrid[0] * output.auxGrid[1]).toBe(output.auxTokens.shape[1]);
    await expectClose(output.auxTokens, output.taps!.tokens![index]!, { absolute: 0 });
  }
});

test('every block goes through wrapBlock, and taps it does not have are ignored', async () => {
  const params = goldenParams();
  const input = images([1, 32, 32, 3]);
  let calls = 0;
  const wrapBlock =
    (block: BlockFunction): BlockFunction =>
    (tokens, weights) => {
      calls++;
      return block(tokens, weights);
    };
  const wrapped = small.apply(params, input, { wrapBlock, taps: ['attention'] });
  expect(calls).toBe(6);
  expect(wrapped.taps).toEqual({});
  await expectClose(wrapped.clsToken, small.apply(params, input).clsToken, { absolute: 0 });
});

test('the same seed gives the same, every parameter is trained', async () => {
  const [first, again, other] = [7, 7, 8].map((seed) => flattenTree(small.init(seed)));
  for (const [path, leaf] of first!) {
    expect(small.trainable(path)).toBe(true);
    await expectClose(again!.get(path)!, leaf, { absolute: 0 });
  }
  const path = 'layers.2.blocks.1.mlp.fc1.weight';
  expect(await other!.get(path)!.data()).not.toEqual(await first!.get(path)!.data());
});

test('nothing is left behind', async () => {
  const params = goldenParams();
  const input = images([1, 36, 20, 3]);
  await expectNoLeak(() => small.init(0));
  await expectNoLeak(() => small.apply(params, input, { taps: ['tokens'] }));
  await expectNoLeak(() =>
    valueAndGrad((p) => ({ loss: tf.sum(tf.square(features(p, input))), aux: {} }), params),
  );
});

test('Swin-T: sizes and grids', () => {
  const backbone = swinTiny();
  expect(backbone.name).toBe('swin_tiny_patch4_window7_224');
  expect([backbone.stride, backbone.tokenDim, backbone.auxDim, backbone.auxBlock]).toEqual([32, 768, 384, 9]);
  expect(swinTiny({ auxBlock: 3 }).auxDim).toBe(192);
});

test('mistakes are one line', () => {
  const sizes = { dim: 8, depths: [2, 2], heads: [2, 4] };
  expect(() => swin({ ...sizes, heads: [2] })).toThrow(
    'swin: 2 depths and 1 heads; give one of each per stage',
  );
  expect(() => swin({ ...sizes, heads: [2, 3] })).toThrow(
    'swin: tokens of 16 in stage 1 are not divisible by 3 heads; choose a divisor',
  );
  expect(() => swin({ ...sizes, auxBlock: 4 })).toThrow(
    'swin: auxBlock 4 is none of the 4 blocks; choose -4 … 3',
  );
  const params = small.init(0);
  expect(() => small.apply(params, images([1, 3, 8, 3]))).toThrow(
    'swin: images of 3×8 hold no patch of 4; enlarge them',
  );
  expect(() => small.apply(params, images([1, 8, 8, 4]))).toThrow(
    /images has shape \[1,8,8,4\], expected \[B,H,W,3\]/,
  );
});
