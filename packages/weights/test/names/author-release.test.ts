import { beforeAll, expect, test } from '@jest/globals';
import { decodeSafetensors, encodeSafetensors, type NDArray } from '@toco/formats';
import { initBackend } from '@toco/runtime';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPretrained, swin, vit } from '@toco/backbone';
import { readWeights, type Weights } from '../../src/read-weights.js';

beforeAll(async () => {
  await initBackend();
});

type Arrays = Record<string, NDArray>;

function fixture(name: string, prefix: string): Arrays {
  const arrays = decodeSafetensors(
    readFileSync(new URL(`../../../backbone/test/__fixtures__/${name}.safetensors`, import.meta.url)),
  );
  const entries = Object.entries(arrays).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(entries.map(([key, array]) => [key.slice(prefix.length), array]));
}

async function written(arrays: Arrays): Promise<Weights> {
  const folder = await mkdtemp(join(tmpdir(), 'toco-release-'));
  const path = join(folder, 'release.safetensors');
  await writeFile(path, encodeSafetensors(arrays));
  const weights = readWeights(path);
  await rm(folder, { recursive: true });
  return weights;
}

const values = (data: number[], shape: number[]): NDArray => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});

test("Swin: the authors' names are the same network in timm's", async () => {
  const timm = fixture('swin', 'params.');
  const released = Object.fromEntries(
    Object.entries(timm).map(([name, array]) => [
      name.replace(/layers\.(\d)\.downsample/, (_, stage) => `layers.${Number(stage) - 1}.downsample`),
      array,
    ]),
  );
  const buffer = 'layers.0.blocks.1.attn_mask';
  const head = values([1, 2], [2]);
  const weights = await written({ ...released, [buffer]: values([0], [1]), 'head.bias': head });
  expect(weights.naming).toBe('authors');
  expect(weights.leftOut).toEqual([buffer]);
  const small = swin({ dim: 8, depths: [2, 2, 2], heads: [2, 2, 4], window: 4 });
  const { report } = loadPretrained(small, small.init(0), weights.arrays);
  expect([report.missing, report.leftOver, report.resized]).toEqual([[], ['head.fc.bias'], []]);
  for (const [name, { data }] of Object.entries(timm)) expect(weights.arrays[name]!.data).toEqual(data);
});

test("DINOv2 with registers: the class token's position moves into the token", async () => {
  const { reg_token, ...timm } = fixture('dinov2', 'registers.params.');
  const position = Float32Array.from({ length: 12 }, (_, i) => i / 4);
  const [token, patches] = [timm['cls_token']!, timm['pos_embed']!].map(({ data }) => data as Float32Array);
  const weights = await written({
    ...timm,
    register_tokens: reg_token!,
    mask_token: values([0], [1, 1]),
    cls_token: values(
      Array.from(token!, (value, i) => value - position[i]!),
      [1, 1, 12],
    ),
    pos_embed: values([...position, ...patches!], [1, 37, 12]),
  });
  expect(weights.naming).toBe('authors');
  expect(weights.leftOut).toEqual(['mask_token']);
  const sizes = { imageSize: 42, patchSize: 7, dim: 12, depth: 3, heads: 3 };
  const backbone = vit({ ...sizes, layerScale: 1e-5, registerTokens: 3 });
  const { report } = loadPretrained(backbone, backbone.init(0), weights.arrays);
  expect([report.missing, report.leftOver, report.resized]).toEqual([[], [], []]);
  expect(weights.arrays['pos_embed']!.data).toEqual(patches);
  Array.from(weights.arrays['cls_token']!.data as Float32Array).forEach((value, i) => {
    expect(value).toBeCloseTo(token![i]!, 6);
  });
});

test('registers of transformers: the same, by its names', async () => {
  const { reg_token, cls_token, pos_embed, ...rest } = fixture('dinov2', 'registers.params.');
  const weights = await written({
    'dinov2.embeddings.register_tokens': reg_token!,
    'dinov2.embeddings.cls_token': cls_token!,
    'dinov2.embeddings.position_embeddings': values(
      [...new Float32Array(12), ...(pos_embed!.data as Float32Array)],
      [1, 37, 12],
    ),
    'dinov2.embeddings.patch_embeddings.projection.weight': rest['patch_embed.proj.weight']!,
  });
  expect(weights).toMatchObject({ naming: 'transformers', leftOut: [] });
  const moved = ['reg_token', 'cls_token', 'pos_embed'].map((name) => weights.arrays[name]);
  expect(moved.map((array) => array!.shape)).toEqual(
    [reg_token, cls_token, pos_embed].map((array) => array!.shape),
  );
  expect(moved.map((array) => array!.data)).toEqual(
    [reg_token, cls_token, pos_embed].map((array) => array!.data),
  );
});

test('timm names are left as they are', async () => {
  expect((await written(fixture('swin', 'params.'))).naming).toBe('as given');
  expect((await written(fixture('dinov2', 'registers.params.'))).naming).toBe('as given');
});
