import { afterAll, describe, expect, test } from '@jest/globals';
import { encodeLabelPng } from '@toco/formats';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import type { ConfigInput } from '../../src/config/config.js';
import { parseConfig } from '../../src/config/parse-config.js';
import { openDataset } from '@toco/datasets';

const folder = await mkdtemp(join(tmpdir(), 'toco-open-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const jpeg = await sharp({ create: { width: 2, height: 2, channels: 3, background: '#468' } })
  .jpeg()
  .toBuffer();
const png = encodeLabelPng({ height: 2, width: 2, data: Uint8Array.of(0, 1, 2, 255) });
const at = (...names: string[]): string => join(folder, ...names);

const files: Record<string, string | Uint8Array> = {
  'voc/ImageSets/Segmentation/train_aug.txt': 'a\nb\n',
  'voc/ImageSets/Segmentation/train.txt': 'a\n',
  'voc/ImageSets/Segmentation/val.txt': 'b\n',
  'voc/JPEGImages/a.jpg': jpeg,
  'voc/JPEGImages/b.jpg': jpeg,
  'flowers/photographs/a.jpg': jpeg,
  'flowers/photographs/b.jpg': jpeg,
  'flowers/photographs/c.jpg': jpeg,
  'flowers/photographs/d.jpg': jpeg,
  'drawn/a.png': png,
  'tags.csv': 'id,label\na,tulip\nb,rose\nc,tulip;rose\nd,rose\n',
  'vectors.json': '{ "a": ["cat"], "b": ["cat", "dog"] }',
};
for (const [name, content] of Object.entries(files)) {
  await mkdir(dirname(at(name)), { recursive: true });
  await writeFile(at(name), content);
}

function open(data: ConfigInput['data']): ReturnType<typeof openDataset> {
  return openDataset(parseConfig({ data }));
}

describe('lists', () => {
  test('each layout has its own where none are named', async () => {
    expect((await open({ root: at('voc') })).lists).toEqual({ train: 'train_aug', val: 'val' });
    expect((await open({ dataset: 'coco', root: at('voc') })).lists).toEqual({ train: 'train', val: 'val' });
    const flowers = { root: at('flowers'), labels: at('tags.csv') } as const;
    expect((await open(flowers)).lists).toEqual({ train: 'train', val: 'val' });
    expect((await open({ dataset: 'synthetic' })).lists).toEqual({ train: 'train', val: 'val' });
  });

  test('those that are named count in every layout, and are not there in silence', async () => {
    const voc = await open({
      root: at('voc'),
      train: 'train',
      labels: at('vectors.json'),
      classes: ['dog', 'cat'],
    });
    const list = await voc.list(voc.lists.train);
    expect([list.length, ...list.sample(0).labels]).toEqual([1, 0, 1]);
    for (const data of [
      { dataset: 'coco', root: at('voc') },
      { dataset: 'folder', root: at('flowers'), labels: at('tags.csv') },
      { dataset: 'synthetic' },
    ] as const) {
      const dataset = await open({ ...data, train: 'train_aug' });
      await expect(dataset.list(dataset.lists.train)).rejects.toThrow(/train_aug/);
    }
  });
});

test('photographs, masks, labels and classes of a folder may lie anywhere', async () => {
  const data = await open({
    dataset: 'folder',
    root: at('flowers'),
    images: at('flowers', 'photographs'),
    masks: at('drawn'),
    labels: at('tags.csv'),
    classes: ['tulip', 'rose'],
    valFraction: 0.5,
  });
  const [train, val] = [await data.list('train'), await data.list('val')];
  expect([data.classes, train.length, val.length]).toEqual([['tulip', 'rose'], 2, 2]);
  const samples = [train, val].flatMap((list) => [list.sample(0), list.sample(1)]);
  const a = samples.find(({ id }) => id === 'a')!;
  expect(a).toMatchObject({ mask: { path: at('drawn', 'a.png') }, labels: Uint8Array.of(1, 0) });
});

test('masks of a layout like VOC may lie in another folder', async () => {
  const voc = await open({
    root: at('voc'),
    masks: at('drawn'),
    labels: at('vectors.json'),
    classes: ['cat', 'dog'],
  });
  expect((await voc.list('val')).sample(0).mask).toEqual({ path: at('drawn', 'b.png') });
});

test.each([
  [{ root: 'nowhere' }, /^nowhere: no such folder; name the folder of the data set$/],
  [{}, /^data\.root is missing/],
  [
    { dataset: 'voc', root: at('flowers') },
    /flowers: is not laid out like VOCdevkit\/VOC2012; remove data\.dataset=voc, and the layout is detected\.$/,
  ],
  [{ root: at('voc'), valFraction: 0.2 }, /valFraction has no effect in the layout voc, which/],
  [
    { root: at('voc'), images: 'x' },
    /images has no effect in the layout voc, which takes labels, classes, masks$/,
  ],
  [{ dataset: 'coco', root: at('voc'), masks: 'x' }, /masks has no effect in the layout coco, which takes/],
  [
    { dataset: 'synthetic', root: at('voc') },
    /^data\.root has no effect for synthetic scenes; remove it, or name .* data\.dataset=folder\.$/,
  ],
] as [ConfigInput['data'], RegExp][])('%j is refused in one line', async (data, message) => {
  await expect(open(data)).rejects.toThrow(message);
});
