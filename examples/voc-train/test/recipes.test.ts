import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { evaluationLoader, syntheticScenes, vocClasses } from '@toco/datasets';
import { encodeLabelDictionary, encodeLabelPng } from '@toco/formats';
import sharp from 'sharp';

const run = promisify(execFile);
const main = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url));
const recipe = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'toco-voc-recipes-'));
const root = join(folder, 'VOC2012');

/** A data set in VOC's layout and of VOC's image size, of drawn scenes whose classes are called as VOC's first six. */
beforeAll(async () => {
  for (const part of ['JPEGImages', 'SegmentationClassAug', 'ImageSets/Segmentation']) {
    mkdirSync(join(root, part), { recursive: true });
  }
  const list = await syntheticScenes({ size: 433, train: 8, val: 1 }).list('train');
  const labels = new Map<string, Float32Array>();
  let index = 0;
  for await (const { image, height, width, mask, labels: present } of evaluationLoader(list, {
    workers: 0,
  })) {
    const id = `2007_00000${index++}`;
    const levels = Uint8Array.from(image, (value, i) =>
      Math.round((value * [0.229, 0.224, 0.225][i % 3]! + [0.485, 0.456, 0.406][i % 3]!) * 255),
    );
    await sharp(levels, { raw: { width, height, channels: 3 } })
      .jpeg()
      .toFile(join(root, `JPEGImages/${id}.jpg`));
    writeFileSync(join(root, `SegmentationClassAug/${id}.png`), encodeLabelPng(mask!));
    labels.set(
      id,
      Float32Array.from(vocClasses, (_, c) => present[c] ?? 0),
    );
  }
  writeFileSync(join(root, 'cls_labels_onehot.npy'), encodeLabelDictionary(labels));
  const ids = [...labels.keys()];
  writeFileSync(join(root, 'ImageSets/Segmentation/train_aug.txt'), `${ids.join('\n')}\n`);
  // masked ones, which semi-supervised.yaml names by VOC's own list
  writeFileSync(join(root, 'ImageSets/Segmentation/train.txt'), `${ids.slice(0, 3).join('\n')}\n`);
  writeFileSync(join(root, 'ImageSets/Segmentation/val.txt'), `${ids[0]!}\n`);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('npm start, from this folder, is the recipe with what is given', async () => {
  const out = join(folder, 'started');
  const args = ['start', '--', '--data', root, '--out', out, '--set', 'backbone.weights=nowhere.safetensors'];
  const failed = (await run('npm', args, { cwd: recipe('.') }).catch((error: unknown) => error)) as {
    stdout: string;
    stderr: string;
  };
  expect(failed.stdout).toContain('toco train --config deit-base.yaml');
  expect(failed.stderr).toMatch(
    /^nowhere\.safetensors: no such file; for a model on a hub write hf:owner\/name\.$/m,
  );
  expect(existsSync(out)).toBe(false);
  for (const name of ['deit-base.yaml', 'vit-base.yaml', 'voc-mini.yaml', 'better.yaml'])
    expect(readFileSync(recipe(name), 'utf8')).toMatch(/^ {2}weights: hf:timm\//m);
}, 60_000);

/** One iteration of a recipe with every term on; returns its row of metrics. */
async function oneStep(name: string, settings: readonly string[]): Promise<Record<string, number>> {
  const out = join(folder, name);
  const everything =
    'phases=[{from: 0, weights: {cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05}}]';
  // a test downloads nothing
  const set = [
    everything,
    'backbone.weights=none',
    'run.stopAfter=1',
    'run.logEvery=1',
    'evaluation.limit=1',
    ...settings,
  ];
  await run(process.execPath, [
    main,
    'train',
    '--config',
    recipe(name),
    '--data',
    root,
    '--out',
    out,
    '--set',
    ...set,
  ]);
  const [row] = readFileSync(join(out, 'metrics.jsonl'), 'utf8').split('\n');
  return JSON.parse(row!) as Record<string, number>;
}

// Full size in pixels and width; of the batch of 4 one image, which is what a machine for tests has memory and time for. The two
// recipes differ in the name of their weights: one has all blocks, the other a third of them.
test.each([
  ['deit-base.yaml', []],
  ['vit-base.yaml', ['backbone.depth=4']],
])(
  '%s takes a real step at full size',
  async (name, blocks) => {
    const row = await oneStep(name, ['batchSize=1', 'groupSize=1', ...blocks]);
    for (const term of ['cls', 'clsAux', 'ptc', 'ctc', 'seg', 'reg'])
      expect(Number.isFinite(row[term])).toBe(true);
    expect(row['seg']).toBeGreaterThan(0);
  },
  300_000,
);

test.each(['voc-mini.yaml', 'better.yaml'])(
  '%s takes a real step as it is',
  async (name) => {
    const row = await oneStep(name, []);
    expect(row['loss']).toBeGreaterThan(0);
  },
  120_000,
);

/** Three short iterations of a recipe on a small network; returns the segmentation losses. */
async function someSteps(name: string, settings: readonly string[]): Promise<number[]> {
  const out = join(folder, name);
  const set = [
    ...[
      'backbone.name=deit_tiny_patch16_224',
      'backbone.weights=none',
      'views.cropSize=96',
      'engine.compile=false',
    ],
    ...['optimizer.warmup=1', 'run.stopAfter=3', 'run.logEvery=1'],
    ...[
      'evaluation.limit=1',
      'evaluation.size=96',
      'batchSize=2',
      'groupSize=2',
      'localCrops.size=32',
      ...settings,
    ],
  ];
  await run(process.execPath, [
    ...[main, 'train', '--config', recipe(name), '--data', root, '--out', out],
    ...['--set', ...set],
  ]);
  return readFileSync(join(out, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; seg: number })
    .filter(({ kind }) => kind === 'train')
    .map(({ seg }) => seg);
}

// In the order of their use: the second stage learns from what `toco label` makes of a trained run. That the loss falls is shown on
// examples/synthetic, where these kinds of supervision are run long enough.
test('recipes with masks: all images, a list of images, pseudo labels of toco label', async () => {
  const labels = join(folder, 'labels');
  const all = await someSteps('fully-supervised.yaml', []);
  const some = await someSteps('semi-supervised.yaml', [
    'phases=[{from: 0, weights: {cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05}}]',
  ]);
  await run(process.execPath, [
    ...[main, 'label', join(folder, 'semi-supervised.yaml'), '--list', 'train_aug', '--out', labels],
  ]);
  const second = await someSteps('second-stage.yaml', [`data.trainMaskFolder=${labels}/masks`]);
  for (const losses of [all, some, second]) {
    expect(losses).toHaveLength(3);
    for (const loss of losses) expect(loss).toBeGreaterThan(0);
  }
}, 600_000);
