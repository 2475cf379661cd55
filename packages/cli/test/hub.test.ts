import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { inferenceForward } from '@toco/segmenter';
import { loadBackbone, loadNetwork } from '@toco/weights';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { parse } from 'yaml';
import { modelCard } from '../src/hub/model-card.js';
import { tinyBackbone, tinyConfig, toco } from './run-toco.js';

const pth = fileURLToPath(new URL('../../weights/test/__fixtures__/network.pth', import.meta.url));
const model = ['--weights', pth, '--config', tinyConfig, '--backbone', tinyBackbone];
const size = 48;
const classes = ['cat', 'dog', 'hen', 'cow', 'pig', 'bee'];
let folder = '';
let stderr = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'toco-hub-'));
  const named = ['--set', `data.classes=${JSON.stringify(classes)}`];
  const out = join(folder, 'model');
  const args = ['export', ...model, ...named, '--format', 'hub', '--size', String(size), '--out', out];
  const outcome = await toco(args);
  ({ stderr } = outcome);
  if (outcome.status !== 0) throw new Error(stderr);
}, 240_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const json = (file: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, 'model', file), 'utf8')) as Record<string, unknown>;

test('the folder has all that a model on a hub has, and says how it compares', () => {
  expect(readdirSync(join(folder, 'model'), { recursive: true }).sort()).toEqual([
    ...['README.md', 'config.json', 'model.safetensors', 'onnx', join('onnx', 'model.onnx')],
    'preprocessor_config.json',
  ]);
  expect(json('config.json')).toMatchObject({
    model_type: 'segformer',
    id2label: { 0: 'background', 6: 'bee' },
    toco: { architecture: 'toco', backbone: { name: 'tiny', patchSize: 8 }, classes },
  });
  expect(json('preprocessor_config.json')).toMatchObject({ size: { height: size, width: size } });
  const apart = Number(/in onnxruntime-node: (\S+)\.\n/.exec(stderr)?.[1]);
  expect(apart).toBeGreaterThan(0);
  expect(apart).toBeLessThan(1e-4);
});

test('transformers.js segments by the lines of the card, and as the network itself does', async () => {
  const pixels = Uint8Array.from(
    { length: size * size * 3 },
    (_, i) => 128 + 100 * Math.sin(i / 17) * Math.cos(Math.floor(i / (3 * size)) / 7),
  );
  const work = join(folder, 'work');
  mkdirSync(work);
  const raw = { width: size, height: size, channels: 3 } as const;
  await sharp(pixels, { raw }).png().toFile(join(work, 'photo.png'));
  const card = readFileSync(join(folder, 'model/README.md'), 'utf8');
  const code = /```js\n(.*?)```/s.exec(card)![1]!;
  // What a hub would answer lies in a folder here.
  const local = `import { env } from '@huggingface/transformers';
env.allowRemoteModels = false;
env.localModelPath = ${JSON.stringify(folder)};
process.chdir(${JSON.stringify(work)});
${code.replace('OWNER/NAME', 'model').replace('photo.jpg', 'photo.png')}`;
  const here = fileURLToPath(new URL('.', import.meta.url));
  execFileSync(process.execPath, ['--input-type=module', '-e', local], { cwd: here });

  await initBackend({ backend: 'tensorflow', print: () => undefined });
  const backbone = await loadBackbone(tinyBackbone);
  const network = await loadNetwork(pth, { backbone, print: () => undefined });
  const images = tf.tensor4d(Float32Array.from(pixels), [1, size, size, 3]);
  const { labels } = inferenceForward(network.network, ['labels'])(network.params, { images });
  const expected = await labels.data();
  const names = ['background', ...classes];
  const shown = [...new Set(expected)].sort();
  expect(shown.length).toBeGreaterThan(1);
  const masks = readdirSync(work).filter((name) => name !== 'photo.png');
  expect(masks.sort()).toEqual(shown.map((label) => `${names[label]!}.png`).sort());
  let different = 0;
  for (const label of shown) {
    const mask = await sharp(join(work, `${names[label]!}.png`))
      .extractChannel(0)
      .raw()
      .toBuffer();
    different += [...mask].filter((value, i) => value > 127 !== (expected[i] === label)).length;
  }
  expect(different / expected.length).toBeLessThan(4e-3);
}, 120_000);

test('figures stand on the card and in its model-index', () => {
  const described = { ...{ labels: ['background', 'cat'], size }, config: {} as never };
  const backbone = { name: 'tiny', stride: 8, mean: [0, 0, 0], std: [1, 1, 1] } as const;
  const figures = [{ dataset: 'voc', list: 'val', name: 'segmentation', value: 63.2 }];
  const text = modelCard({ ...described, backbone, name: 'me/cats', figures });
  expect(parse(text.split('---')[1]!)).toMatchObject({
    'model-index': [
      { name: 'cats', results: [{ dataset: { name: 'voc' }, metrics: [{ type: 'mean_iou', value: 63.2 }] }] },
    ],
  });
  expect(text).toContain('| voc, val | segmentation | 63.2 |');
});

test('options that mean nothing for a format are refused in one line', async () => {
  const out = ['--out', join(folder, 'never')];
  const batch = await toco(['export', ...model, '--format', 'onnx', '--batch', '2', ...out]);
  expect(batch).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^--batch: onnx takes any number/m),
  });
  const outputs = await toco(['export', ...model, '--format', 'hub', '--outputs', 'cam', ...out]);
  expect(outputs).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^--outputs: a folder for a hub/m),
  });
}, 60_000);
