import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { vit, vitTiny } from '@toco/backbone';
import { flattenTree } from '@toco/core';
import { sealedJson, sealFiles } from '@toco/files';
import { writeSafetensors } from '@toco/formats';
import { createNetwork, type NetworkState } from '@toco/network';
import { initBackend } from '@toco/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { loadNetwork } from '../../src/loading/load-network.js';

beforeAll(() => initBackend());

const folder = mkdtempSync(join(tmpdir(), 'toco-load-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const sizes = { imageSize: 32, patchSize: 8, dim: 12, depth: 3, heads: 2 };
const heads = { decoderDim: 8, projection: { hidden: 8, bottleneck: 4, out: 6 } };
const small = createNetwork({ backbone: vit(sizes), numClasses: 3, ...heads });
const classes = ['cat', 'dog', 'cow'];

/** Writes a checkpoint as a run does. */
async function checkpoint(run: string, iteration: number, state: NetworkState<object>): Promise<string> {
  const path = join(run, 'checkpoints', `iteration-${String(iteration).padStart(6, '0')}`);
  mkdirSync(path, { recursive: true });
  await writeSafetensors(join(path, 'model.safetensors'), await small.exportCheckpoint(state as never));
  await writeSafetensors(join(path, 'optimizer.safetensors'), {
    'm.x': { dtype: 'float32', shape: [1], data: Float32Array.of(0) },
  });
  const files = await sealFiles(path, ['model.safetensors', 'optimizer.safetensors']);
  const module = join(folder, 'backbone.mjs');
  const config = { backbone: { name: 'mine', auxBlock: -3, module }, network: heads, seed: 1 };
  writeFileSync(
    join(path, 'state.json'),
    sealedJson({ iteration, backbone: 'mine', classes, config, files }),
  );
  return path;
}

async function sameParams(actual: object, expected: object): Promise<void> {
  const [a, b] = [flattenTree(actual), flattenTree(expected)];
  expect([...a.keys()].sort()).toEqual([...b.keys()].sort());
  const bytes = async (tensor: tf.Tensor): Promise<Buffer> => {
    const { buffer, byteOffset, byteLength } = (await tensor.data()) as Float32Array;
    return Buffer.from(buffer, byteOffset, byteLength);
  };
  for (const [path, tensor] of a) {
    const same = (await bytes(tensor)).equals(await bytes(b.get(path)!));
    expect({ path, same }).toEqual({ path, same: true });
  }
}

test('the newest whole checkpoint of a run, another where it is named, a damaged one told', async () => {
  const run = join(folder, 'run');
  const [older, newer] = [small.init(1), small.init(2)];
  const first = await checkpoint(run, 10, older);
  const second = await checkpoint(run, 20, newer);
  const said: string[] = [];
  const options = { backbone: vit(sizes), print: (line: string) => void said.push(line) };
  const newest = await loadNetwork(run, options);
  expect(newest).toMatchObject({ classes, iteration: 20, name: second, config: { seed: 1 } });
  expect(newest.file).toBe(join(second, 'model.safetensors'));
  await sameParams(newest.params, newer.params);
  const { numTensors } = tf.memory();
  const named = await loadNetwork(first, options);
  await sameParams(named.params, older.params);
  named.dispose();
  expect(tf.memory().numTensors).toBe(numTensors);

  truncateSync(join(second, 'model.safetensors'), 100);
  expect(said).toEqual([]);
  expect((await loadNetwork(run, options)).iteration).toBe(10);
  expect(said).toEqual([
    expect.stringMatching(/iteration-000020: damaged, model\.safetensors .*; one before it is used\.$/),
  ]);
  await expect(loadNetwork(second, options)).rejects.toThrow(
    /iteration-000020: damaged, .*; name another checkpoint\.$/,
  );
  truncateSync(join(first, 'model.safetensors'), 100);
  await expect(loadNetwork(run, options)).rejects.toThrow(/no checkpoint of this run is whole\.$/);
});

test('a weight file: its sizes are read off, public transformers recognized, others asked for', async () => {
  const network = createNetwork({ backbone: vitTiny(), numClasses: 4, ...heads });
  const state = network.init(3);
  const file = join(folder, 'tiny.safetensors');
  await writeSafetensors(file, await network.exportCheckpoint(state));
  const said: string[] = [];
  const print = (line: string): void => void said.push(line);
  const loaded = await loadNetwork(file, { print });
  expect(loaded.network.numClasses).toBe(4);
  expect(loaded.classes).toBeUndefined();
  expect(said[0]).toMatch(
    /tiny\.safetensors: vit with 12 blocks of 192, patch 16, positions of 224 pixels, 4 classes; /,
  );
  await sameParams(loaded.params, state.params);
  const again = await loadNetwork(file, {
    print,
    backbone: 'deit_tiny_patch16_224',
    classes: ['a', 'b', 'c', 'd'],
  });
  expect(again).toMatchObject({ classes: ['a', 'b', 'c', 'd'], name: file, file });
  await expect(loadNetwork(file, { print, classes: ['a'] })).rejects.toThrow(
    'is of 4 classes, 1 names were given.',
  );

  const own = join(folder, 'own.safetensors');
  await writeSafetensors(own, await small.exportCheckpoint(small.init(1)));
  await expect(loadNetwork(own, { print })).rejects.toThrow(
    /its shapes don't tell which backbone it is of; name that/,
  );
  await sameParams((await loadNetwork(own, { print, backbone: vit(sizes) })).params, small.init(1).params);
});

test('a folder without a run, a file that is missing', async () => {
  await expect(loadNetwork(folder)).rejects.toThrow(/neither a checkpoint nor a run with checkpoints/);
  await expect(loadNetwork(join(folder, 'none.pth'))).rejects.toThrow(/no such file/);
});
