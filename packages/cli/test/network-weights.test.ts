import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readWeights } from '@toco/weights';
import { vit } from '@toco/backbone';
import type { NDArray } from '@toco/formats';
import { decodeSafetensors, encodeSafetensors } from '@toco/formats';
import { createNetwork } from '@toco/network';
import { initBackend } from '@toco/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { parseConfig } from '@toco/trainer';
import { modelOf } from '../src/commands/model-of.js';
import { modelOfWeights } from '@toco/trainer';
import { convertWeights } from '@toco/weights';
import { importNetwork, readNetworkArrays } from '@toco/weights';

const pth = fileURLToPath(new URL('../../weights/test/__fixtures__/network.pth', import.meta.url));
const backbone = vit({ name: 'tiny', imageSize: 32, patchSize: 8, dim: 12, depth: 3, heads: 3 });
const sizes = { decoderDim: 8, projection: { hidden: 16, bottleneck: 8, out: 16 } };
const network = createNetwork({ backbone, numClasses: 6, ...sizes });
let folder = '';

beforeAll(async () => {
  await initBackend();
  folder = await mkdtemp(join(tmpdir(), 'toco-network-'));
});
afterAll(async () => rm(folder, { recursive: true }));

/** The value that the fixture holds at a place of an array. */
function expectedData(name: string, count: number): Float32Array {
  const sum = [...Buffer.from(name)].reduce((a, b) => a + b, 0);
  return Float32Array.from({ length: count }, (_, i) => (((i * 7 + sum * 13) % 17) - 8) / 64);
}

async function file(name: string, arrays: Record<string, NDArray>): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, encodeSafetensors(arrays));
  return path;
}

test("a checkpoint as the authors' program saves it fills every parameter", async () => {
  const { report, ...state } = importNetwork(network, readNetworkArrays(pth), { name: pth });
  expect(report.missing).toEqual([]);
  expect(report.leftOver).toEqual(['encoder.head.weight', 'encoder.head.bias']);
  const exported = await network.exportCheckpoint(state);
  expect(exported['classifier.weight']!.shape).toEqual([6, 12, 1, 1]);
  expect(exported['proj_head_t.last_layer.weight_g']!.shape).toEqual([16, 1]);
  for (const [name, { data }] of Object.entries(exported)) {
    expect([name, data]).toEqual([name, expectedData(name, data.length)]);
  }
});

test('it can be used: a forward pass with its weights', async () => {
  const lines: string[] = [];
  const model = await modelOfWeights(pth, { config: parseConfig({}), print: (line) => lines.push(line) });
  expect(model.numClasses).toBe(6);
  const { params } = model.read(network);
  expect(lines[0]).toMatch(
    /network\.pth: 63 arrays matched, missing none, left over encoder\.head\.weight, encoder\.head\.bias\./,
  );
  const output = network.forward(params, tf.ones([1, 32, 32, 3]));
  const values = await network.segment(params, output).data();
  expect(new Set(values).size).toBeGreaterThan(6);
  expect(values.every(Number.isFinite)).toBe(true);
});

test('names of newer PyTorch for weight normalization, and missing projection heads', async () => {
  const { arrays } = readWeights(pth);
  const newer = Object.entries(arrays).map(([name, array]) => [
    name
      .replace('last_layer.weight_g', 'last_layer.parametrizations.weight.original0')
      .replace('last_layer.weight_v', 'last_layer.parametrizations.weight.original1'),
    array,
  ]);
  const path = await file('newer.safetensors', Object.fromEntries(newer) as Record<string, NDArray>);
  expect(importNetwork(network, readNetworkArrays(path), { name: path }).report.missing).toEqual([]);
  const without = Object.fromEntries(
    Object.entries(arrays).filter(([name]) => !name.startsWith('proj_head')),
  );
  const { report } = importNetwork(network, without, { name: 'without' });
  expect(report.missing).toHaveLength(16);
});

test('a backbone alone, other sizes and missing parts are said in one line', async () => {
  const { arrays } = readWeights(pth);
  const alone = await file('alone.safetensors', { 'patch_embed.proj.weight': arrays['classifier.weight']! });
  expect(() => readNetworkArrays(alone)).toThrow(
    /alone\.safetensors: holds no ToCo network .*backbone\.weights/,
  );
  const other = createNetwork({ backbone, numClasses: 20, ...sizes });
  expect(() => importNetwork(other, arrays, { name: 'a.pth' })).toThrow(
    /^a\.pth: this checkpoint is of another architecture than tiny with 20 classes: classifier\.weight: has shape \[6,12,1,1\][^\n]*$/,
  );
  const rest = Object.fromEntries(Object.entries(arrays).filter(([name]) => name !== 'decoder.conv7.weight'));
  const before = tf.memory().numTensors;
  expect(() => importNetwork(network, rest, { name: 'a.pth' })).toThrow(
    /1 arrays are missing \(decoder\.conv7\.weight/,
  );
  expect(tf.memory().numTensors).toBe(before);
});

test('conversion keeps every value, and takes the backbone out or puts it in', async () => {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  const { arrays } = readWeights(pth);
  const npz = join(folder, 'network.npz');
  await convertWeights(pth, npz, { print });
  expect(lines).toEqual([`${pth}: torch.`, expect.stringMatching(/network\.npz: 65 arrays, \d+ values\.$/)]);
  expect(readWeights(npz).arrays).toEqual(arrays);
  const timm = join(folder, 'timm.safetensors');
  await convertWeights(npz, timm, { to: 'timm', print });
  const inside = decodeSafetensors(readFileSync(timm));
  expect(Object.keys(inside)).toHaveLength(44);
  expect(inside['norm.bias']!.data).toEqual(arrays['encoder.norm.bias']!.data);
  const toco = join(folder, 'toco.safetensors');
  await convertWeights(timm, toco, { to: 'toco', print });
  expect(decodeSafetensors(readFileSync(toco))['encoder.norm.bias']!.data).toEqual(inside['norm.bias']!.data);
  await expect(convertWeights(pth, join(folder, 'x.pth'), { print })).rejects.toThrow(
    /x\.pth: unknown extension/,
  );
});

test('a model is named once', async () => {
  const once = 'Name either the folder of a run, or a weight file with --weights.';
  await expect(modelOf('runs/toco', { weights: pth, set: [] }, () => undefined)).rejects.toThrow(once);
  await expect(modelOf(undefined, { set: [] }, () => undefined)).rejects.toThrow(once);
  await expect(modelOf('runs/toco', { config: 'a.yaml', set: [] }, () => undefined)).rejects.toThrow(
    /--config/,
  );
});
