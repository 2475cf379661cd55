import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { flattenTree, valueAndGrad } from '@toco/core';
import { decodeSafetensors, type NDArray } from '@toco/formats';
import { initBackend } from '@toco/runtime';
import { expectClose, expectNoLeak, randomTensor, toTensor } from '@toco/testing';
import { readFileSync } from 'node:fs';
import { dinov2VitBase, dinov2VitSmall } from '../src/dinov2.js';
import { exportPretrained, loadPretrained } from '../src/pretrained.js';
import { vit } from '../src/vit.js';
import type { VitParams } from '../src/vit-params.js';

const arrays = decodeSafetensors(readFileSync(new URL('__fixtures__/dinov2.safetensors', import.meta.url)));
const golden = (key: string): tf.Tensor => toTensor(arrays[key]!);

/** The arrays whose names begin with a prefix, without it. */
const below = (prefix: string): Record<string, NDArray> =>
  Object.fromEntries(
    Object.entries(arrays).flatMap(([name, array]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), array] as const] : [],
    ),
  );

beforeAll(async () => {
  await initBackend();
});

describe.each([
  { kind: 'plain', registerTokens: 0 },
  { kind: 'registers', registerTokens: 3 },
])('$kind', ({ kind, registerTokens }) => {
  const sizes = { imageSize: 42, patchSize: 7, dim: 12, depth: 3, heads: 3 };
  const backbone = vit({ ...sizes, layerScale: 1e-5, registerTokens, positionResizing: 'antialiased' });
  const loaded = (): VitParams => loadPretrained(backbone, backbone.init(0), below(`${kind}.params.`)).params;

  test('paths of the parameters are exactly the names of timm, and come back on export', async () => {
    const stored = below(`${kind}.params.`);
    const { params, report } = loadPretrained(backbone, backbone.init(0), stored);
    expect([report.missing, report.leftOver, report.resized]).toEqual([[], [], []]);
    const exported = await exportPretrained(params);
    expect(Object.keys(exported).sort()).toEqual(Object.keys(stored).sort());
    for (const [name, { data }] of Object.entries(stored)) expect(exported[name]!.data).toEqual(data);
  });

  describe.each([
    { size: '42x42', about: 'the grid of the positions' },
    { size: '28x21', about: 'a smaller grid: positions are filtered' },
    { size: '56x63', about: 'a larger grid' },
  ])('$size, $about', ({ size }) => {
    const key = `${kind}.${size}`;

    test('tokens: class token, registers, patches', async () => {
      const input = golden(`${key}.images`) as tf.Tensor4D;
      const { clsToken, patchTokens, auxTokens, taps } = backbone.apply(loaded(), input, {
        taps: ['tokens'],
      });
      const expected = golden(`${key}.tokens`) as tf.Tensor3D;
      const first = golden(`${key}.block0`) as tf.Tensor3D;
      const prefix = 1 + registerTokens;
      expect(backbone.prefixTokens).toBe(prefix);
      const bound = { relative: 1e-5 };
      await expectClose(clsToken, tf.squeeze(tf.slice(expected, [0, 0, 0], [-1, 1, -1]), [1]), bound);
      await expectClose(patchTokens, tf.slice(expected, [0, prefix, 0]), bound);
      await expectClose(auxTokens, tf.slice(first, [0, prefix, 0]), bound);
      await expectClose(taps!.tokens![0]!, first, bound);
    });

    test('gradients, registers and layer scale among them', async () => {
      const input = golden(`${key}.images`) as tf.Tensor4D;
      const { grads } = valueAndGrad((params) => {
        const { patchTokens, auxTokens } = backbone.apply(params, input);
        const cubes = tf.mul(patchTokens, tf.square(patchTokens));
        return { loss: tf.add(tf.mean(cubes), tf.mean(tf.square(auxTokens))), aux: {} };
      }, loaded());
      const expected = Object.entries(below(`${key}.grad.`));
      expect(expected).toHaveLength(registerTokens > 0 ? 5 : 4);
      for (const [path, array] of expected) {
        await expectClose(flattenTree(grads).get(path)!, toTensor(array), { relative: 1e-5 });
      }
    });
  });

  test('nothing is left behind', async () => {
    const params = loaded();
    const input = randomTensor([1, 21, 28, 3], 4) as tf.Tensor4D;
    await expectNoLeak(() => backbone.init(0));
    await expectNoLeak(() => backbone.apply(params, input, { taps: ['prepared', 'tokens', 'attention'] }));
  });
});

test('layer scale begins at the given value', async () => {
  const backbone = vit({ imageSize: 8, patchSize: 4, dim: 6, depth: 3, heads: 2, layerScale: 0.25 });
  const { blocks } = backbone.init(0);
  await expectClose(blocks[2]!.ls1!.gamma, tf.fill([6], 0.25), { absolute: 0 });
  await expectClose(blocks[0]!.ls2!.gamma, tf.fill([6], 0.25), { absolute: 0 });
});

test.each([
  { backbone: dinov2VitSmall(), name: 'vit_small_patch14_dinov2', prefix: 1, tokenDim: 384 },
  {
    backbone: dinov2VitSmall({ registers: true }),
    name: 'vit_small_patch14_reg4_dinov2',
    prefix: 5,
    tokenDim: 384,
  },
  { backbone: dinov2VitBase({ auxBlock: 4 }), name: 'vit_base_patch14_dinov2', prefix: 1, tokenDim: 768 },
  {
    backbone: dinov2VitBase({ registers: true }),
    name: 'vit_base_patch14_reg4_dinov2',
    prefix: 5,
    tokenDim: 768,
  },
])('$name', ({ backbone, name, prefix, tokenDim }) => {
  expect(backbone.name).toBe(name);
  expect([backbone.prefixTokens, backbone.tokenDim, backbone.stride]).toEqual([prefix, tokenDim, 14]);
  expect(backbone.positionGrid).toEqual([37, 37]);
  expect(backbone.auxBlock).toBe(name === 'vit_base_patch14_dinov2' ? 4 : 9);
});
