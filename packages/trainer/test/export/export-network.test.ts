import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { NetworkParams } from '@toco/network';
import { initBackend } from '@toco/runtime';
import { expectClose } from '@toco/testing';
import '@tensorflow/tfjs-backend-wasm';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { exportNetwork } from '../../src/network/export-network.js';
import { inferenceForward, protocolOf, segmenter, segmenterOfGraph } from '@toco/segmenter';
import { fromFolder, pictures, size, smallNetwork, spread } from './exported.js';

/** The part of tfjs-node's backend that its `loadSavedModel` rests on. */
interface SavedModelBackend {
  loadSavedModelMetaGraph(path: string, tags: string): number;
  runSavedModel(id: number, inputs: tf.Tensor[], ports: { name: string }[], outputs: string[]): tf.Tensor[];
  deleteSavedModel(id: number): void;
}

const outputs = ['logits', 'labels', 'scores'] as const;
const network = smallNetwork();
let folder = '';
let params: NetworkParams;
let images: tf.Tensor4D;
let eager: Record<(typeof outputs)[number], tf.Tensor>;

beforeAll(async () => {
  await initBackend({ backend: 'tensorflow' });
  folder = await mkdtemp(join(tmpdir(), 'toco-export-'));
  params = spread(network);
  images = pictures(2);
  const { logits, labels, scores } = inferenceForward(network)(params, { images });
  eager = { logits, labels, scores };
});
afterAll(async () => rm(folder, { recursive: true }));

/** All outputs equal the eager ones, and the labels are of more than one class. */
async function expectEager(actual: readonly tf.Tensor[], tolerance: number): Promise<void> {
  const [logits, labels, scores] = actual as [tf.Tensor, tf.Tensor, tf.Tensor];
  await expectClose(logits, eager.logits, { absolute: tolerance, relative: 0 });
  await expectClose(scores, eager.scores, { absolute: tolerance, relative: 0 });
  expect(labels.dtype).toBe('int32');
  expect(labels.shape).toEqual([2, size, size]);
  const [found, expected] = [await labels.data(), await eager.labels.data()];
  expect(new Set(expected).size).toBeGreaterThan(1);
  const different = expected.filter((label, i) => label !== found[i]).length;
  expect(different / expected.length).toBeLessThan(2e-3);
}

test('a SavedModel is loaded by TensorFlow and gives what the network gives', async () => {
  const out = join(folder, 'saved');
  await exportNetwork(network, params, { format: 'savedmodel', size, batch: 2, out, classes: ['cat'] });
  expect((await readdir(out)).sort()).toEqual(['classes.json', 'saved_model.pb', 'variables']);
  expect(JSON.parse(await readFile(join(out, 'classes.json'), 'utf8'))).toEqual(['background', 'cat']);
  const backend = tf.backend() as unknown as SavedModelBackend;
  const id = backend.loadSavedModelMetaGraph(out, 'serve');
  const names = outputs.map((name) => `${name}:0`);
  await expectEager(backend.runSavedModel(id, [images], [{ name: 'images:0' }], names), 1e-6);
  backend.deleteSavedModel(id);
});

test('a graph model is loaded by TensorFlow.js and gives the same on TensorFlow, wasm and cpu', async () => {
  const out = join(folder, 'web', 'model');
  await exportNetwork(network, params, { format: 'tfjs', size, batch: 2, out, classes: ['cat'] });
  expect(JSON.parse(await readFile(join(out, 'classes.json'), 'utf8'))).toEqual(['background', 'cat']);
  const { userDefinedMetadata } = JSON.parse(await readFile(join(out, 'model.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  expect(userDefinedMetadata).toEqual({ classes: ['background', 'cat'] });
  for (const [backend, tolerance] of [
    ['tensorflow', 1e-6],
    ['wasm', 1e-5],
    ['cpu', 1e-5],
  ] as const) {
    await tf.setBackend(backend);
    // as the documents say, on every backend
    const model = await loadGraphModel(`${pathToFileURL(out).href}/model.json`);
    expect(model.inputs.map(({ name, shape }) => [name, shape])).toEqual([['images', [2, size, size, 3]]]);
    const input = tf.tensor(await images.data(), images.shape);
    const result = model.execute({ images: input }, [...outputs]) as tf.Tensor[];
    await expectEager(result, tolerance);
    model.dispose();
    tf.dispose([input, result]);
  }
  await tf.setBackend('tensorflow');
});

test('a segmenter from an exported graph gives what one from the network gives', async () => {
  const out = join(folder, 'segmenter');
  const exported = ['segLogits', 'cam', 'camAux', 'scores', 'tokens', 'attention'] as const;
  await exportNetwork(network, params, { format: 'tfjs', size, batch: 2, out, outputs: exported });
  const pixels = Uint8Array.from(await images.data());
  const length = size * size * 3;
  const sized = [0, 1, 0].map((b) => ({
    ...{ height: size, width: size },
    data: pixels.subarray(b * length, (b + 1) * length),
  }));
  // Three images for a graph of two, and one of another size.
  const pictured = [...sized, { height: 2 * size, width: 16, data: pixels.slice(0, length) }];
  const asked = ['labels', 'logits', 'cam', 'camAux', 'scores', 'tokens', 'attention'] as const;
  const windows = protocolOf('voc', { crf: 'none', window: { size, overlap: 8 }, camScales: [1, 1.5] });
  const squashed = protocolOf('fast', { size: { squash: size }, camScales: [1] });
  const collect = async <T>(results: AsyncIterable<T>): Promise<T[]> => {
    const all: T[] = [];
    for await (const result of results) all.push(result);
    return all;
  };
  const large = [
    { height: 44, width: 72, data: new Uint8Array(44 * 72 * 3).map((_, i) => pixels[i % length]!) },
  ];
  const expected = [
    await collect(segmenter(network, params, { protocol: squashed, outputs: asked }).segment(pictured)),
    await collect(segmenter(network, params, { protocol: windows, outputs: asked }).segment(large)),
  ];
  for (const backend of ['tensorflow', 'wasm'] as const) {
    await tf.setBackend(backend);
    const model = await loadGraphModel(`${pathToFileURL(out).href}/model.json`);
    const { numTensors } = tf.memory();
    const found = [
      await collect(segmenterOfGraph(model, { protocol: squashed, outputs: asked }).segment(pictured)),
      await collect(segmenterOfGraph(model, { protocol: windows, outputs: asked }).segment(large)),
    ];
    expect(tf.memory().numTensors).toBe(numTensors);
    for (const [p, results] of found.entries()) {
      for (const [i, result] of results.entries()) {
        const want = expected[p]![i]!;
        expect(result.classes).toEqual(want.classes);
        const different = want.labels.filter((label, at) => label !== result.labels[at]).length;
        expect(different / want.labels.length).toBeLessThan(2e-3);
        const close = (a: ArrayLike<number>, b: ArrayLike<number>): void => {
          expect(a.length).toBe(b.length);
          expect(Math.max(...Array.from(a, (value, at) => Math.abs(value - b[at]!)))).toBeLessThan(1e-4);
        };
        close(result.scores, want.scores);
        for (const name of ['logits', 'cam', 'camAux', 'tokens', 'attention'] as const)
          close(result[name].data, want[name].data);
      }
    }
    // What is smaller than the graph's size gets a border.
    const narrow = [{ height: 20, width: 70, data: new Uint8Array(20 * 70 * 3).fill(90) }];
    const [bordered] = await collect(
      segmenterOfGraph(model, { protocol: windows, outputs: ['logits', 'cam'] }).segment(narrow),
    );
    expect([bordered!.cam.height, bordered!.cam.width]).toEqual([20, 70]);
    expect(bordered!.logits.data.every(Number.isFinite)).toBe(true);
    expect(() => segmenterOfGraph(model, { protocol: protocolOf('fast') })).toThrow(
      'segmenter: the exported graph takes images of 32×32 pixels only; squash to that at scale 1, or choose windows of that size.',
    );
    expect(() => segmenterOfGraph(model, { outputs: ['similarity'] })).toThrow(
      'the exported graph gives no similarity',
    );
    model.dispose();
  }
  await tf.setBackend('tensorflow');
});

test('the weights are inside once, and the projection head is left out', async () => {
  const { nodes } = await exportNetwork(network, params, { format: 'tfjs', size, out: join(folder, 'once') });
  const constants = nodes.filter(({ constant }) => constant);
  const names = constants.map(({ name }) => name).filter((name) => name.includes('.'));
  expect(names).toContain('encoder.blocks.2.mlp.fc2.weight');
  expect(names).toContain('classifier.weight');
  expect(names.filter((name) => /proj_head|aux_classifier/.test(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
  // Stored as the product takes it; the network's own is [12,48].
  const fc2 = nodes.find(({ name }) => name === 'encoder.blocks.2.mlp.fc2.weight')!;
  expect(fc2.constant!.shape).toEqual([48, 12]);
  const used = nodes.filter(({ inputs }) => inputs.includes(fc2.name));
  expect(used.map(({ op }) => op)).toEqual(['MatMul']);
});

test('weights above 4 MB go into several files that are read back whole', async () => {
  const wide = smallNetwork({ decoderDim: 400 });
  const state = wide.init(1);
  const out = join(folder, 'large');
  await exportNetwork(wide, state.params, { format: 'tfjs', size, out });
  const shards = (await readdir(out)).filter((name) => name.endsWith('.bin'));
  expect(shards).toHaveLength(2);
  expect((await stat(join(out, shards.sort()[0]!))).size).toBe(4 * 1024 * 1024);
  const model = await loadGraphModel(fromFolder(out));
  const one = pictures(1);
  const { logits } = inferenceForward(wide)(state.params, { images: one });
  await expectClose(model.execute({ images: one }, 'logits') as tf.Tensor, logits, {
    absolute: 1e-6,
    relative: 0,
  });
});

test('weights in half precision take half the bytes, and change what comes out by their rounding', async () => {
  const wide = smallNetwork({ decoderDim: 400 });
  const spreadOut = spread(wide);
  const folders = await Promise.all(
    [false, true].map(async (half) => {
      const out = join(folder, half ? 'half' : 'whole');
      await exportNetwork(wide, spreadOut, { format: 'tfjs', size, out, half });
      return out;
    }),
  );
  const [whole, half] = await Promise.all(
    folders.map(async (out) => {
      const shards = (await readdir(out)).filter((name) => name.endsWith('.bin'));
      const sizes = await Promise.all(shards.map(async (name) => (await stat(join(out, name))).size));
      return sizes.reduce((sum, bytes) => sum + bytes, 0);
    }),
  );
  // Numbers of the formulas stay as they are.
  expect(half! / whole!).toBeCloseTo(0.5, 2);
  const one = pictures(1);
  const { logits, scores } = inferenceForward(wide)(spreadOut, { images: one });
  const model = await loadGraphModel(fromFolder(folders[1]!));
  const found = model.execute({ images: one }, ['logits', 'scores']) as tf.Tensor[];
  const apart = async (a: tf.Tensor, b: tf.Tensor): Promise<number> =>
    tf.max(tf.abs(tf.sub(a, b))).array() as Promise<number>;
  const range = (await tf.max(tf.abs(logits)).array()) as number;
  const difference = (await apart(found[0]!, logits)) / range;
  expect(difference).toBeGreaterThan(1e-6);
  expect(difference).toBeLessThan(2e-3);
  expect(await apart(found[1]!, scores)).toBeLessThan(1e-3);
  model.dispose();
});

test('numbers that half precision does not hold are stored whole', async () => {
  const { params: given } = network.init(7);
  const classifier = { weight: tf.mul(given.classifier.weight, 1e6) };
  const out = join(folder, 'beyond');
  const large = { ...given, classifier } as unknown as NetworkParams;
  await exportNetwork(network, large, { format: 'tfjs', size, out, half: true });
  const { weightsManifest } = JSON.parse(await readFile(join(out, 'model.json'), 'utf8')) as tf.io.ModelJSON;
  const stored = new Map(weightsManifest[0]!.weights.map(({ name, quantization }) => [name, quantization]));
  expect(stored.get('classifier.weight')).toBeUndefined();
  expect(stored.get('encoder.blocks.2.mlp.fc2.weight')).toMatchObject({ dtype: 'float16' });
  const model = await loadGraphModel(fromFolder(out));
  const one = pictures(1);
  const { scores } = inferenceForward(network)(large, { images: one });
  const found = await (model.execute({ images: one }, 'scores') as tf.Tensor).data();
  // Scores of 0 or 1, by the signs of large logits.
  expect([...found].map(Math.round)).toEqual([...(await scores.data())].map(Math.round));
  expect(found.every(Number.isFinite)).toBe(true);
  model.dispose();
});

test('a folder that holds something is left as it is', async () => {
  const out = join(folder, 'mine');
  await mkdir(out);
  await writeFile(join(out, 'notes.txt'), 'mine');
  for (const format of ['tfjs', 'savedmodel'] as const) {
    await expect(exportNetwork(network, params, { format, size, out })).rejects.toThrow(
      /mine: is not empty; choose a new folder/,
    );
  }
  expect(await readFile(join(out, 'notes.txt'), 'utf8')).toBe('mine');
  expect(existsSync(join(out, 'model.json'))).toBe(false);
});
