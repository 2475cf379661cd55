import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { clipVitBase, loadPretrained, vit, type Vit, type VitParams } from '@toco/backbone';
import { disposeTree } from '@toco/core';
import { decodeSafetensors, encodeSafetensors, type NDArray } from '@toco/formats';
import { initBackend } from '@toco/runtime';
import { expectClose, findPython, testWhere, toTensor } from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';
import { readWeights } from '../../src/read-weights.js';

type Arrays = Record<string, NDArray>;

const fixtures = fileURLToPath(new URL('__fixtures__/', import.meta.url));
const recorded = decodeSafetensors(readFileSync(join(fixtures, 'clip.safetensors')));

/** The arrays below a prefix, without it. */
function below(arrays: Readonly<Arrays>, prefix: string): Arrays {
  const entries = Object.entries(arrays).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(entries.map(([name, array]) => [name.slice(prefix.length), array]));
}

const openai = below(recorded, 'params.');

/** What CLIP's checkpoints hold besides the visual tower. */
const texts: Arrays = {
  'token_embedding.weight': { dtype: 'float32', shape: [3, 2], data: new Float32Array(6) },
  positional_embedding: { dtype: 'float32', shape: [2, 2], data: new Float32Array(4) },
  'transformer.resblocks.0.ln_1.weight': { dtype: 'float32', shape: [2], data: new Float32Array(2) },
  text_projection: { dtype: 'float32', shape: [2, 10], data: new Float32Array(20) },
  logit_scale: { dtype: 'float32', shape: [], data: Float32Array.of(4.6) },
};

let folder = '';
beforeAll(async () => {
  await initBackend();
  folder = await mkdtemp(join(tmpdir(), 'toco-clip-'));
});
afterAll(async () => rm(folder, { recursive: true }));

async function written(arrays: Readonly<Arrays>): Promise<string> {
  const path = join(folder, 'clip.safetensors');
  await writeFile(path, encodeSafetensors(arrays));
  return path;
}

/** The tower that the fixture was written with. */
const small = (options: { projection?: number } = {}): Vit =>
  vit({
    ...{ imageSize: 32, patchSize: 8, dim: 16, depth: 3, heads: 2, auxBlock: 0, preNorm: true },
    ...{ activation: 'quickGelu', layerNormEpsilon: 1e-5, positionResizing: 'antialiased' },
    ...options,
  });

/** Parameters of a tower with projection, all of them from a checkpoint. */
function load(tower: Vit, weights: Readonly<Arrays>): VitParams {
  const first = tower.init(0);
  const { params, report } = loadPretrained(tower, first, weights);
  disposeTree(first);
  expect([report.missing, report.leftOver, report.resized]).toEqual([[], [], []]);
  return params;
}

/** Tokens of a tower, behind the projection and before it, beside the recorded ones. */
async function expectTokens(
  { projected, plain, params }: { readonly projected: Vit; readonly plain: Vit; readonly params: VitParams },
  { results, side }: { readonly results: Readonly<Arrays>; readonly side: number },
): Promise<void> {
  const golden = (key: string): tf.Tensor => toTensor(results[`${side}.${key}`]!);
  const bound = { relative: 1e-5 };
  const { head: _head, ...withoutHead } = params;
  const images = golden('images') as tf.Tensor4D;
  const output = plain.apply(withoutHead, images, { taps: ['prepared', 'tokens'] });
  const expected = golden('tokens') as tf.Tensor3D;
  await expectClose(output.taps!.prepared!, golden('prepared'), bound);
  await expectClose(output.taps!.tokens![0]!, golden('block0'), bound);
  await expectClose(output.clsToken, tf.squeeze(tf.slice(expected, [0, 0, 0], [-1, 1, -1]), [1]), bound);
  await expectClose(output.patchTokens, tf.slice(expected, [0, 1, 0]), bound);
  await expectClose(projected.clsToken(params, images), golden('embedding'), bound);
}

describe("a small tower in OpenAI's names", () => {
  test.each([32, 48, 24])('gives the tokens of transformers for images of %d pixels', async (side) => {
    const weights = readWeights(await written({ ...openai, ...texts }));
    expect(weights.naming).toBe('openai');
    expect([...weights.leftOut].sort()).toEqual(Object.keys(texts).sort());
    const projected = small({ projection: 10 });
    const params = load(projected, weights.arrays);
    await expectTokens({ projected, plain: small(), params }, { results: recorded, side });
    await expectClose(
      projected.apply(params, toTensor(recorded[`${side}.images`]!) as tf.Tensor4D).clsToken,
      toTensor(recorded[`${side}.embedding`]!),
      { relative: 1e-5 },
    );
  });

  test('has a projection that a tower without one leaves over', async () => {
    const { arrays } = readWeights(await written(openai));
    const plain = small();
    expect(loadPretrained(plain, plain.init(0), arrays).report).toMatchObject({
      ...{ missing: [], resized: [], leftOver: ['head.weight'] },
    });
  });

  test('is read with other names before it, and without any', async () => {
    const { arrays } = readWeights(await written(openai));
    for (const prefix of ['', 'model.visual.']) {
      const moved = Object.entries(below(openai, 'visual.')).map(([name, array]) => [prefix + name, array]);
      const weights = readWeights(await written(Object.fromEntries(moved) as Arrays));
      expect(weights.naming).toBe('openai');
      expect(weights.arrays).toEqual(arrays);
    }
  });

  test('an array of another shape is named', async () => {
    const wrong = { ...openai, 'visual.class_embedding': openai['visual.positional_embedding']! };
    const path = await written(wrong);
    expect(() => readWeights(path)).toThrow(
      `${path}: visual.class_embedding: has shape [17,16] where a class embedding [D] is expected`,
    );
  });
});

/** The tower as `transformers` names it: three projections for one, and the misspelled norm. */
function transformersNames(preNorm: string): Arrays {
  const names: [RegExp, string][] = [
    [/^class_embedding$/, 'embeddings.class_embedding'],
    [/^positional_embedding$/, 'embeddings.position_embedding.weight'],
    [/^conv1/, 'embeddings.patch_embedding'],
    [/^ln_pre/, preNorm],
    [/^ln_post/, 'post_layernorm'],
    [/^transformer\.resblocks/, 'encoder.layers'],
  ];
  const inBlock: [string, string][] = [
    ['.ln_1.', '.layer_norm1.'],
    ['.ln_2.', '.layer_norm2.'],
    ['.attn.out_proj.', '.self_attn.out_proj.'],
    ['.mlp.c_fc.', '.mlp.fc1.'],
    ['.mlp.c_proj.', '.mlp.fc2.'],
  ];
  const result: Arrays = {};
  for (const [name, array] of Object.entries(below(openai, 'visual.'))) {
    const data = array.data as Float32Array;
    if (name === 'proj') {
      const [inputs = 0, outputs = 0] = array.shape;
      const turned = Float32Array.from(
        data,
        (_, i) => data[(i % inputs) * outputs + Math.floor(i / inputs)]!,
      );
      result['visual_projection.weight'] = { dtype: 'float32', shape: [outputs, inputs], data: turned };
      continue;
    }
    const [pattern, replacement] = names.find(([candidate]) => candidate.test(name))!;
    const theirs = inBlock.reduce(
      (renamed, [from, to]) => renamed.replace(from, to),
      `vision_model.${name.replace(pattern, replacement)}`,
    );
    const fused = /^(.*)\.attn\.in_proj_(\w+)$/.exec(theirs);
    if (!fused) result[theirs] = array;
    else
      ['q', 'k', 'v'].forEach((part, i) => {
        const length = data.length / 3;
        const shape = [array.shape[0]! / 3, ...array.shape.slice(1)];
        const values = data.slice(i * length, (i + 1) * length);
        result[`${fused[1]}.self_attn.${part}_proj.${fused[2]}`] = { dtype: 'float32', shape, data: values };
      });
  }
  return result;
}

test.each(['pre_layrnorm', 'pre_layernorm'])(
  "transformers' names (%s) are the same tower",
  async (preNorm) => {
    const ids: NDArray = { dtype: 'int32', shape: [1, 17], data: new Int32Array(17) };
    const theirs = transformersNames(preNorm);
    const weights = readWeights(
      await written({ ...theirs, 'vision_model.embeddings.position_ids': ids, ...texts }),
    );
    expect(weights.naming).toBe('transformers');
    expect(weights.leftOut).toContain('vision_model.embeddings.position_ids');
    expect(weights.arrays).toEqual(readWeights(await written(openai)).arrays);
  },
);

const python = findPython('transformers', 'flax', 'safetensors');

describe('ViT-B/16 with random weights', () => {
  testWhere(
    test,
    python !== undefined,
    'no Python with transformers and Flax, see TOCO_TEST_PYTHON',
  )('gives the tokens of transformers, at 224 pixels and at 320 with positions resized', async () => {
    const path = join(folder, 'base.safetensors');
    execFileSync(python!, [join(fixtures, 'clip_tower.py'), 'base', path], { stdio: 'ignore' });
    const results = decodeSafetensors(readFileSync(path));
    const projected = clipVitBase({ projection: true });
    const params = load(projected, readWeights(path).arrays);
    const tower = { projected, plain: clipVitBase(), params };
    for (const side of [224, 320]) await expectTokens(tower, { results, side });
  });
});
