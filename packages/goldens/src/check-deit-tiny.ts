import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deitTiny, loadPretrained } from '@toco/backbone';
import { decodeSafetensors } from '@toco/formats';
import * as tf from '@tensorflow/tfjs-core';
import { tensorOf, valuesOf, type GoldenFolder } from './golden-folder.js';
import { compareValues, type Row } from './row.js';

/** `deit_tiny`: tokens of the public DeiT-Tiny for photographs of four sizes. */
export async function checkDeitTiny(folder: GoldenFolder): Promise<Row[]> {
  const weights = join(folder.path, '../weights/deit_tiny_patch16_224.safetensors');
  if (!existsSync(weights))
    throw new Error(`${weights} is missing: deit_tiny.safetensors is checked with these weights`);
  const arrays = folder.arrays('deit_tiny');
  const backbone = deitTiny();
  const { params } = loadPretrained(backbone, backbone.init(0), decodeSafetensors(readFileSync(weights)));
  const rows: Row[] = [];
  for (const key of Object.keys(arrays).filter((name) => name.startsWith('image_'))) {
    const size = key.slice('image_'.length);
    const levels = tf.div(tensorOf(arrays, key), 255);
    const images = tf.div(tf.sub(levels, tf.tensor1d([...backbone.mean])), tf.tensor1d([...backbone.std]));
    const { clsToken, patchTokens, auxTokens } = backbone.apply(params, images as tf.Tensor4D);
    const features: Record<string, tf.Tensor> = {
      cls_token: clsToken,
      patch_tokens_mean: tf.mean(patchTokens, 1),
      patch_tokens_first8: tf.slice(patchTokens, [0, 0, 0], [-1, 8, -1]),
      aux_tokens_mean: tf.mean(auxTokens, 1),
    };
    for (const [name, actual] of Object.entries(features)) {
      const expected = valuesOf(arrays, `${name}_${size}`);
      rows.push(await compareValues(`deit_tiny: ${name}_${size}`, actual, { expected, relative: 1e-3 }));
    }
  }
  return rows;
}
