import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { disposeTree } from '@toco/core';
import { decodeSafetensors } from '@toco/formats';
import { initBackend } from '@toco/runtime';
import { expectClose, sharedPath, toTensor } from '@toco/testing';
import { readFileSync } from 'node:fs';
import { deitTiny } from '../src/variants.js';
import { loadPretrained } from '../src/pretrained.js';
import type { VitParams } from '../src/vit-params.js';

const weights = sharedPath('weights/deit_tiny_patch16_224.safetensors');
const goldens = sharedPath('goldens/deit_tiny.safetensors');
const golden = weights !== undefined && goldens !== undefined ? test : test.skip;
if (weights === undefined) console.info('skipped: public weights, the shared folder is missing');

const backbone = deitTiny();
let params: VitParams;
let leftOver: readonly string[];

beforeAll(async () => {
  await initBackend();
  if (weights === undefined) return;
  const initial = backbone.init(0);
  const loaded = loadPretrained(backbone, initial, decodeSafetensors(readFileSync(weights)));
  disposeTree(initial);
  params = loaded.params;
  leftOver = loaded.report.leftOver;
  expect(loaded.report.missing).toEqual([]);
  expect(loaded.report.resized).toEqual([]);
  expect(loaded.report.matched).toHaveLength(12 * 12 + 6);
});

afterAll(() => {
  if (weights !== undefined) disposeTree(params);
});

golden('of the public weights only the classification head is left over', () => {
  expect(leftOver).toEqual(['head.weight', 'head.bias']);
});

golden.each(['224x224', '96x96', '448x448', '320x240'])(
  'features of the public weights at %s',
  async (size) => {
    const arrays = decodeSafetensors(readFileSync(goldens!));
    const expected = (key: string): tf.Tensor => toTensor(arrays[`${key}_${size}`]!);
    const images = tf.tidy(() => {
      const unit = tf.div(expected('image'), 255);
      return tf.div<tf.Tensor4D>(tf.sub(unit, [...backbone.mean]), [...backbone.std]);
    });
    const { clsToken, patchTokens, auxTokens, grid } = backbone.apply(params, images);
    expect(grid.map((count) => 16 * count).join('x')).toBe(size);
    const bound = { relative: 1e-5 };
    await expectClose(clsToken, expected('cls_token'), bound);
    await expectClose(tf.mean(patchTokens, 1), expected('patch_tokens_mean'), bound);
    await expectClose(tf.mean(auxTokens, 1), expected('aux_tokens_mean'), bound);
    // Of single tokens the golden's own single precision is 1.3e-5 away from double precision, ours 1.0e-5.
    await expectClose(tf.slice(patchTokens, [0, 0, 0], [1, 8, -1]), expected('patch_tokens_first8'), {
      relative: 2.5e-5,
    });
  },
);
