import { beforeAll, describe, expect, test } from '@jest/globals';
import type * as tf from '@tensorflow/tfjs-core';
import type { NDArray } from '@toco/formats';
import { decodeSafetensors } from '@toco/formats';
import { initBackend } from '@toco/runtime';
import { expectClose, fixtureArrays, sharedPath, toTensor } from '@toco/testing';
import { readFileSync } from 'node:fs';
import { loadPretrained } from '../src/pretrained.js';
import { vit } from '../src/vit.js';

beforeAll(async () => {
  await initBackend();
});

type Arrays = Record<string, NDArray>;

function shared(name: string): Arrays | undefined {
  const path = sharedPath(`goldens/${name}.safetensors`);
  return path === undefined ? undefined : decodeSafetensors(readFileSync(path));
}

const sources = [
  {
    source: 'fixtures',
    dim: 24,
    read: (name: string): Arrays | undefined => fixtureArrays(name),
  },
  { source: 'goldens of the team', dim: 48, read: shared },
];

const bound = { relative: 1e-5 };

describe.each(sources)('$source', ({ source, dim, read }) => {
  const checkpoint = read('checkpoint');
  const encoder = read('encoder');
  const golden = checkpoint && encoder ? test : test.skip;
  if (!checkpoint) console.info(`skipped: ${source}, the shared folder is missing`);

  const backbone = vit({ imageSize: 64, patchSize: 8, dim, depth: 4, heads: 3 });

  golden('square images: tokens, blocks, attention', async () => {
    const { params } = loadPretrained(backbone, backbone.init(0), checkpoint!, { prefix: 'encoder.' });
    const expected = (key: string): tf.Tensor => toTensor(encoder![key]!);
    const output = backbone.apply(params, expected('images') as tf.Tensor4D, {
      taps: ['prepared', 'tokens', 'lastAttention', 'attention'],
    });
    await expectClose(output.clsToken, expected('cls_token'), bound);
    await expectClose(output.patchTokens, expected('patch_tokens'), bound);
    await expectClose(output.auxTokens, expected('aux_tokens'), bound);
    await expectClose(output.taps!.prepared!, expected('prepared'), bound);
    for (let i = 0; i < 4; i++) await expectClose(output.taps!.tokens![i]!, expected(`block${i}`), bound);
    await expectClose(output.taps!.lastAttention!, expected('attention_last'), bound);
    await expectClose(output.taps!.attention![3]!, expected('attention_last'), bound);
    expect(output.taps!.attention).toHaveLength(4);
    expect(output.grid).toEqual([8, 8]);
  });

  golden('another size: positions resized bicubically', async () => {
    const { params } = loadPretrained(backbone, backbone.init(0), checkpoint!, { prefix: 'encoder.' });
    const expected = (key: string): tf.Tensor => toTensor(encoder![`${key}_rect`]!);
    const output = backbone.apply(params, expected('images') as tf.Tensor4D, { taps: ['prepared'] });
    await expectClose(output.taps!.prepared!, expected('prepared'), bound);
    await expectClose(output.clsToken, expected('cls_token'), bound);
    await expectClose(output.patchTokens, expected('patch_tokens'), bound);
    await expectClose(output.auxTokens, expected('aux_tokens'), bound);
    expect(output.grid).toEqual([12, 6]);
  });
});
