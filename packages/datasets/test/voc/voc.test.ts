import { describe, expect, test } from '@jest/globals';
import { encodeLabelDictionary, encodeLabelPng } from '@toco/formats';
import { sharedPath } from '@toco/testing';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { loadEvaluationSample } from '../../src/loader/evaluation-sample.js';
import { decodeImage } from '../../src/image/decode-image.js';
import { decodeMask } from '../../src/image/decode-mask.js';
import { labelsOfMask } from '../../src/annotations/labels-from-mask.js';
import { voc } from '../../src/voc/voc.js';
import { temporaryFolder, writeTree } from '../folder.js';

const folder = await temporaryFolder();
const classes = ['cat', 'dog', 'sheep'];
const jpeg = await sharp({ create: { width: 6, height: 4, channels: 3, background: '#468' } })
  .jpeg()
  .toBuffer();

function annotation(...objects: string[]): string {
  const part = '<part><name>head</name><bndbox/></part>';
  const all = objects.map(
    (name) => `<object>${part}<difficult>1</difficult>\n\t<name>${name}</name></object>`,
  );
  return `<annotation>\n<folder>VOC2012</folder>${all.join('\n')}\n</annotation>\n`;
}

function mask(...labels: number[]): Uint8Array {
  return encodeLabelPng({
    width: 6,
    height: 4,
    data: Uint8Array.from({ length: 24 }, (_, i) => labels[i] ?? 0),
  });
}

/** Three images: `a` shows a cat and a sheep, `b` and `c` a dog. */
async function tree(name: string): Promise<string> {
  const root = join(folder, name);
  await writeTree(root, {
    'ImageSets/Segmentation/train_aug.txt': 'a\nb \r\n',
    'ImageSets/Segmentation/val.txt': 'c\n',
    'JPEGImages/a.jpg': jpeg,
    'JPEGImages/b.jpg': jpeg,
    'JPEGImages/c.jpg': jpeg,
    'SegmentationClassAug/a.png': mask(1, 3, 255),
    'SegmentationClassAug/b.png': mask(2, 255),
    'SegmentationClassAug/c.png': mask(2),
    'Annotations/a.xml': annotation('sheep', 'cat', 'cat'),
    'Annotations/b.xml': annotation('dog'),
    'Annotations/c.xml': annotation('dog'),
    'cls_labels_onehot.npy': encodeLabelDictionary(
      new Map([
        ['a', Float32Array.of(1, 0, 1)],
        ['b', Float32Array.of(0, 1, 0)],
        ['c', Float32Array.of(0, 1, 0)],
      ]),
    ),
  });
  return root;
}

describe('voc', () => {
  test.each(['file', 'xml', 'masks'])('labels from %s', async (labels) => {
    const root = await tree('whole');
    const source = labels === 'file' ? join(root, 'cls_labels_onehot.npy') : labels;
    const data = voc(root, { classes, labels: source });
    const list = await data.list(data.lists.train);
    expect(list).toMatchObject({ name: 'train_aug', length: 2, classes });
    expect(list.sample(0)).toEqual({
      id: 'a',
      image: { path: join(root, 'JPEGImages/a.jpg') },
      labels: Uint8Array.of(1, 0, 1),
      mask: { path: join(root, 'SegmentationClassAug/a.png') },
    });
    expect(list.sample(1).labels).toEqual(Uint8Array.of(0, 1, 0));
    expect(() => list.sample(2)).toThrow('list train_aug has 2 samples, none at 2');
  });

  test('looks for the label file, then for annotations, then says what to do', async () => {
    const root = await tree('defaults');
    await writeTree(root, { 'Annotations/c.xml': annotation('sheep') });
    const labels = async (): Promise<Uint8Array> =>
      (await voc(root, { classes }).list('val')).sample(0).labels;
    expect(await labels()).toEqual(Uint8Array.of(0, 1, 0));
    await rm(join(root, 'cls_labels_onehot.npy'));
    expect(await labels()).toEqual(Uint8Array.of(0, 0, 1));
    await rm(join(root, 'Annotations'), { recursive: true });
    await expect(labels()).rejects.toThrow(
      /defaults: no image-level labels; put cls_labels_onehot\.npy there, or say/,
    );
  });

  test('gives evaluation samples with masks', async () => {
    const root = await tree('evaluation');
    const list = await voc(root, { classes }).list('val');
    const sample = await loadEvaluationSample(list.sample(0), { size: 8 });
    expect(sample).toMatchObject({ id: 'c', height: 8, width: 8, mask: { width: 6, height: 4 } });
    expect(sample.image).toHaveLength(8 * 8 * 3);
    expect(sample.mask!.data[0]).toBe(2);
    const native = await loadEvaluationSample(list.sample(0), { withMask: false });
    expect(native).toMatchObject({ height: 4, width: 6 });
    expect('mask' in native).toBe(false);
  });
});

describe('one line for what is wrong', () => {
  const cases: [string, Record<string, Uint8Array | string>, string[], RegExp][] = [
    [
      'an empty list',
      { 'ImageSets/Segmentation/train_aug.txt': '\n' },
      [],
      /train_aug\.txt: the list is empty$/,
    ],
    ['an id listed twice', { 'ImageSets/Segmentation/train_aug.txt': 'a\na\n' }, [], /a is listed twice$/],
    [
      'a missing list',
      {},
      ['ImageSets/Segmentation/train_aug.txt'],
      /train_aug\.txt: the list does not exist \(there are val\.txt\)$/,
    ],
    ['no VOC folder', {}, ['.'], /the list does not exist \(.+ is not laid out like VOCdevkit\/VOC2012\)$/],
    [
      'missing images',
      {},
      ['JPEGImages/a.jpg', 'JPEGImages/b.jpg'],
      /JPEGImages\/a\.jpg: the file does not exist \(and 1 more of 2\)$/,
    ],
    ['a missing annotation', {}, ['Annotations/b.xml'], /Annotations\/b\.xml: the file does not exist$/],
    [
      'an unknown class',
      { 'Annotations/b.xml': annotation('cow') },
      [],
      /b\.xml: "cow" is none of the classes cat, dog, sheep$/,
    ],
    [
      'half an annotation',
      { 'Annotations/b.xml': '<annotation><object>' },
      [],
      /b\.xml: not a whole VOC annotation/,
    ],
    ['a nameless object', { 'Annotations/b.xml': annotation('') }, [], /b\.xml: an object has no <name>$/],
  ];
  test.each(cases)('%s', async (name, files, removed, message) => {
    const root = await tree(name.replaceAll(' ', '-'));
    for (const file of removed) await rm(join(root, file), { recursive: true });
    await writeTree(root, files);
    const error = await voc(root, { classes, labels: 'xml' })
      .list('train_aug')
      .catch((e: unknown) => e as Error);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('\n');
  });

  test('labels that a file lacks, and masks that are wrong', async () => {
    const root = await tree('lacking');
    const path = join(root, 'some.npy');
    await writeTree(root, { 'some.npy': encodeLabelDictionary(new Map([['a', Float32Array.of(1, 0, 0)]])) });
    await expect(voc(root, { classes, labels: path }).list('train_aug')).rejects.toThrow(
      `${path}: no labels for b, which the list train_aug names`,
    );
    await expect(voc(root, { classes, labels: 'onehot' }).list('train_aug')).rejects.toThrow(
      'labels "onehot": give the path of an .npy, .json or .csv file, "xml" or "masks"',
    );
    await writeTree(root, { 'SegmentationClassAug/b.png': mask(7) });
    await expect(voc(root, { classes, labels: 'masks' }).list('train_aug')).rejects.toThrow(
      /b\.png: label 7 at row 0, column 0 is outside the 3 classes/,
    );
  });

  test('classes that are none', () => {
    expect(() => voc('VOC2012', { classes: [] })).toThrow(
      'VOC2012: the list of classes is empty; name at least one foreground class',
    );
    expect(() => voc('VOC2012', { classes: ['cat', 'cat'] })).toThrow('VOC2012: class "cat" is named twice');
    expect(() => voc('VOC2012', { classes: [' '] })).toThrow('VOC2012: a class has an empty name');
  });
});

describe('photographs of the shared folder', () => {
  const mini = sharedPath('data/voc-mini');
  const native = sharedPath('data/voc-native');
  if (mini === undefined || native === undefined) console.log('skipped: the shared photographs are missing');
  const ifThere = mini === undefined || native === undefined ? test.skip : test;

  ifThere('voc-mini: lists, labels and masks agree', async () => {
    const data = voc(`${mini}/VOCdevkit/VOC2012`, { labels: `${mini}/cls_labels_onehot.npy` });
    const [train, val] = [await data.list('train_aug'), await data.list('val')];
    expect([train.length, val.length]).toEqual([2449, 400]);
    let different = 0;
    for (let i = 0; i < 40; i++) {
      const sample = val.sample(i * 10);
      const image = await decodeImage(sample.image);
      expect(Math.max(image.width, image.height)).toBe(320);
      const shown = labelsOfMask(await decodeMask(sample.mask!, { numClasses: 20, image }), 20);
      // Small or difficult objects may be in one and not in the other; most images agree.
      if (String(shown) !== String(sample.labels)) different++;
    }
    expect(different).toBeLessThanOrEqual(4);
  });

  ifThere('voc-native: every image with its mask', async () => {
    const list = await voc(`${native}/VOCdevkit/VOC2012`, { labels: 'masks' }).list('val');
    expect(list.length).toBe(12);
    for (let i = 0; i < 12; i++) {
      const { image, mask, labels } = await loadEvaluationSample(list.sample(i), { size: 64 });
      expect(image).toHaveLength(64 * 64 * 3);
      expect(Math.max(mask!.width, mask!.height)).toBe(500);
      expect(labels.some((label) => label === 1)).toBe(true);
    }
  });
});
