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
async function checkpoint(
  run: string,
  iteration: number,
  state: NetworkState<object>,
  {
    module = join(folder, 'backbone.mjs'),
    ...of
  }: { ownParts?: readonly string[]; module?: string | null } = {},
): Promise<string> {
  const path = join(run, 'checkpoints', `iteration-${String(iteration).padStart(6, '0')}`);
  mkdirSync(path, { recursive: true });
  await writeSafetensors(join(path, 'model.safetensors'), await small.exportCheckpoint(state as never));
  await writeSafetensors(join(path, 'optimizer.safetensors'), {
    'm.x': { dtype: 'float32', shape: [1], data: Float32Array.of(0) },
  });
  const files = await sealFiles(path, ['model.safetensors', 'optimizer.safetensors']);
  const backbone = { name: 'deit_tiny_patch16_224', auxBlock: -3, ...(module !== null && { module }) };
  const config = { backbone, network: heads, seed: 1 };
  writeFileSync(
    join(path, 'state.json'),
    sealedJson({ iteration, backbone: 'mine', classes, config, files, ...of }),
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

test('a network that was trained as a function must be given, by function or module', async () => {
  const path = await checkpoint(join(folder, 'own'), 10, small.init(1), { ownParts: ['network'] });
  const options = { backbone: vit(sizes), print: () => undefined };
  await expect(loadNetwork(path, options)).rejects.toThrow(
    `${path}: was trained with a network of one's own, given as a function, which no checkpoint holds; give the same: { network } in a program, --network file.js to a command, or its file by network.module.`,
  );
  expect((await loadNetwork(path, { ...options, network: createNetwork })).iteration).toBe(10);
  const module = join(folder, 'network.mjs');
  writeFileSync(module, 'export const network = () => { throw new Error("asked"); };');
  await expect(loadNetwork(path, { ...options, config: { network: { module } } })).rejects.toThrow('asked');
});

test('a backbone that was trained as an object must be given, by object, name or module', async () => {
  const ownParts = ['backbone'];
  const path = await checkpoint(join(folder, 'object'), 10, small.init(1), { ownParts, module: null });
  const print = (): void => undefined;
  await expect(loadNetwork(path, { print })).rejects.toThrow(
    `${path}: was trained with a backbone given as an object, which no checkpoint holds; give the same: { backbone } in a program, --backbone file.js to a command, or its file by backbone.module.`,
  );
  expect((await loadNetwork(path, { print, backbone: vit(sizes) })).iteration).toBe(10);
  const module = join(folder, 'backbone.mjs');
  writeFileSync(module, 'export const backbone = {};');
  await expect(loadNetwork(path, { print, config: { backbone: { module } } })).rejects.toThrow(
    'the backbone lacks name',
  );
  await expect(loadNetwork(path, { print, backbone: 'deit_tiny_patch16_224' })).rejects.toThrow(
    'another architecture',
  );
  // Of a module there is a name in place.
  const ofModule = await checkpoint(join(folder, 'module'), 10, small.init(1), { ownParts });
  const named = { backbone: { name: 'deit_tiny_patch16_224' } };
  await expect(loadNetwork(ofModule, { print, config: named })).rejects.toThrow('another architecture');
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

test('a weight file is made as settings say, or as the config.json beside it does; the settings count more', async () => {
  const network = createNetwork({
    ...{ backbone: vitTiny({ depth: 3, positionResizing: 'bilinear' }), numClasses: 4 },
    ...{ ...heads, decoderDilation: 1 },
  });
  const state = network.init(3);
  const published = join(folder, 'published');
  mkdirSync(published);
  const file = join(published, 'model.safetensors');
  await writeSafetensors(file, await network.exportCheckpoint(state));
  const images = tf.randomUniform<tf.Rank.R4>([1, 64, 64, 3], -1, 1, 'float32', 7);
  const logits = (of: typeof network, params: typeof state.params): number[] =>
    Array.from(of.segment(params, of.forward(params, images)).dataSync());
  const expected = logits(network, state.params);
  const print = (): void => undefined;
  const loadedLogits = async (options: object): Promise<number[]> => {
    const loaded = await loadNetwork(file, { print, ...options });
    return logits(loaded.network as never, loaded.params as never);
  };
  await expect(loadNetwork(file, { print })).rejects.toThrow(/its shapes don't tell which backbone/);
  const sized = { depth: 3, positionResizing: 'bilinear' };
  const made = { backbone: sized, network: { decoderDilation: 1 } };
  expect(await loadedLogits({ config: made })).toEqual(expected);
  expect(await loadedLogits({ config: { ...made, network: {} } })).not.toEqual(expected);
  expect(await loadedLogits({ config: { ...made, backbone: { depth: 3 } } })).not.toEqual(expected);

  const describe = (toco: object): void => {
    writeFileSync(join(published, 'config.json'), JSON.stringify({ model_type: 'segformer', toco }));
  };
  const backbone = { name: 'vit_tiny_patch16_224', ...sized };
  describe({ ...made, backbone, classes: ['a', 'b', 'c', 'd'] });
  expect(await loadedLogits({})).toEqual(expected);
  expect((await loadNetwork(file, { print })).classes).toEqual(['a', 'b', 'c', 'd']);
  expect(await loadedLogits({ config: { network: { decoderDilation: 5 } } })).not.toEqual(expected);
  describe({ ...made, backbone: { ...backbone, depth: 'three' } });
  await expect(loadNetwork(file, { print })).rejects.toThrow(
    /config\.json: toco\.backbone\.depth is "three", expected a whole number/,
  );
  describe({ ...made, backbone: { ...backbone, module: 'mine.js' } });
  await expect(loadNetwork(file, { print })).rejects.toThrow(
    /its backbone is of mine\.js, a module of its author's; name that with --backbone/,
  );
});

test('a folder without a run, a file that is missing', async () => {
  await expect(loadNetwork(folder)).rejects.toThrow(/neither a checkpoint nor a run with checkpoints/);
  await expect(loadNetwork(join(folder, 'none.pth'))).rejects.toThrow(/no such file/);
});
