import { beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { flattenTree } from '@toco/core';
import { initBackend } from '@toco/runtime';
import { expectClose, expectNoLeak, fixtureArrays } from '@toco/testing';
import { exportPretrained, loadPretrained } from '../src/pretrained.js';
import { vit } from '../src/vit.js';
import type { NDArray } from '@toco/formats';

beforeAll(async () => {
  await initBackend();
});

const sizes = { patchSize: 8, dim: 24, depth: 4, heads: 3 };
const backbone = vit({ imageSize: 64, ...sizes });
const prefix = 'encoder.';

function encoderArrays(): Record<string, NDArray> {
  const entries = Object.entries(fixtureArrays('checkpoint')).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(entries.map(([name, array]) => [name.slice(prefix.length), array]));
}

test('paths of the parameters are exactly the names of the checkpoint', () => {
  const { report } = loadPretrained(backbone, backbone.init(0), encoderArrays());
  expect(report.missing).toEqual([]);
  expect(report.leftOver).toEqual([]);
  expect(report.resized).toEqual([]);
  expect([...report.matched].sort()).toEqual(Object.keys(encoderArrays()).sort());
});

test('export gives the arrays that were imported', async () => {
  const arrays = encoderArrays();
  const { params } = loadPretrained(backbone, backbone.init(0), arrays);
  const exported = await exportPretrained(params);
  expect(Object.keys(exported).sort()).toEqual(Object.keys(arrays).sort());
  for (const [name, array] of Object.entries(arrays)) {
    expect(exported[name]!.dtype).toBe('float32');
    expect(exported[name]!.shape).toEqual(array.shape);
    expect(Buffer.from((exported[name]!.data as Float32Array).buffer)).toEqual(
      Buffer.from(Float32Array.from(array.data as Float32Array).buffer),
    );
  }
});

test('filters are turned from out, in, rows, columns', async () => {
  const arrays = encoderArrays();
  const { params } = loadPretrained(backbone, backbone.init(0), arrays);
  const weight = await params.patch_embed.proj.weight.array();
  const stored = arrays['patch_embed.proj.weight']!.data;
  expect(weight[5]![2]![1]![17]).toBe(stored[17 * 3 * 64 + 1 * 64 + 5 * 8 + 2]);
});

test('what is missing keeps its value, what is left over is named', async () => {
  const arrays: Record<string, NDArray> = {
    ...encoderArrays(),
    'head.weight': encoderArrays()['norm.bias']!,
  };
  delete arrays['blocks.1.attn.qkv.bias'];
  const initial = backbone.init(5);
  const { params, report } = loadPretrained(backbone, initial, arrays);
  expect(report.missing).toEqual(['blocks.1.attn.qkv.bias']);
  expect(report.leftOver).toEqual(['head.weight']);
  await expectClose(params.blocks['1']!.attn.qkv.bias, initial.blocks['1']!.attn.qkv.bias, { absolute: 0 });
});

test('positions of another grid are resized and reported', async () => {
  const larger = vit({ imageSize: [96, 48], ...sizes });
  const { params, report } = loadPretrained(larger, larger.init(0), encoderArrays());
  expect(report.resized).toEqual(['pos_embed']);
  expect(params.pos_embed.shape).toEqual([1, 1 + 12 * 6, 24]);
  const images = tf.randomNormal<tf.Rank.R4>([1, 96, 48, 3], 0, 1, 'float32', 3);
  const native = loadPretrained(backbone, backbone.init(0), encoderArrays()).params;
  await expectClose(larger.apply(params, images).patchTokens, backbone.apply(native, images).patchTokens, {
    relative: 1e-6,
  });
});

test('64-bit floats are rounded, integers refused', async () => {
  const arrays = encoderArrays();
  const bias = arrays['norm.bias']!;
  const double: NDArray = { ...bias, dtype: 'float64', data: Float64Array.from(bias.data as Float32Array) };
  const { params } = loadPretrained(backbone, backbone.init(0), { ...arrays, 'norm.bias': double });
  await expectClose(params.norm.bias, tf.tensor1d(bias.data as Float32Array), { absolute: 0 });
  const whole: NDArray = { ...bias, dtype: 'int32', data: new Int32Array(24) };
  expect(() => loadPretrained(backbone, backbone.init(0), { ...arrays, 'norm.bias': whole })).toThrow(
    'norm.bias: holds int32 values, parameters are floating-point numbers',
  );
});

test('a wrong shape or wrong names are one clear line, and nothing is left behind', () => {
  const other = vit({ imageSize: 64, ...sizes, dim: 48 });
  const params = other.init(0);
  const before = tf.memory().numTensors;
  expect(() => loadPretrained(other, params, encoderArrays())).toThrow(
    'cls_token: has shape [1,1,24] in the checkpoint, [1,1,48] in the network; choose the matching variant',
  );
  expect(() => loadPretrained(other, params, fixtureArrays('checkpoint'))).toThrow(
    "checkpoint: no name matches; it holds 'aux_classifier.weight' …, expected is 'cls_token' …; give the prefix or the right file",
  );
  expect(tf.memory().numTensors).toBe(before);
});

test.each(['dist_token', 'encoder.dist_token'])(
  'weights of a distilled model are told as that: %s',
  (name) => {
    const arrays = encoderArrays();
    const under = (path: string): string => name.replace('dist_token', path);
    const { dtype, shape, data } = arrays['pos_embed']!;
    const longer = Float32Array.from([...data.slice(0, 24), ...data].map(Number));
    const distilled: Record<string, NDArray> = {
      ...Object.fromEntries(Object.entries(arrays).map(([path, array]) => [under(path), array])),
      [under('pos_embed')]: { dtype, shape: [1, shape[1]! + 1, 24], data: longer },
      [name]: arrays['cls_token']!,
    };
    const options = { prefix: under('') };
    expect(() => loadPretrained(backbone, backbone.init(0), distilled, options)).toThrow(
      /dist_token: the weights are of a distilled model, .*such as hf:timm\/deit_tiny_patch16_224\.fb_in1k$/,
    );
  },
);

test('import leaves the given parameters alone and nothing else behind', async () => {
  const initial = backbone.init(0);
  const arrays = encoderArrays();
  await expectNoLeak(() => loadPretrained(backbone, initial, arrays).params);
  for (const tensor of flattenTree(initial).values()) expect(tensor.isDisposed).toBe(false);
});
