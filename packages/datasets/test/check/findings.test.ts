import { describe, expect, test } from '@jest/globals';
import { encodeLabelPng } from '@toco/formats';
import { execFile } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { checkDataset, type CheckReport } from '../../src/check/check-dataset.js';
import { checkMasks } from '../../src/check/check-masks.js';
import { datasetAt } from '../../src/layout/dataset-at.js';
import { imageFolder } from '../../src/folder/image-folder.js';
import { temporaryFolder, writeTree } from '../folder.js';

const folder = await temporaryFolder();
const photograph = sharp({ create: { width: 3, height: 2, channels: 3, background: '#468' } });
const jpeg = await photograph.clone().jpeg().toBuffer();
const turned = await photograph.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer();
const mask = (...labels: number[]): Uint8Array =>
  encodeLabelPng({ width: 3, height: 2, data: Uint8Array.from({ length: 6 }, (_, i) => labels[i] ?? 0) });
const upright = encodeLabelPng({ width: 2, height: 3, data: Uint8Array.of(1, 0, 0, 0, 0, 0) });

type Files = Record<string, Uint8Array | string>;
let trees = 0;
async function tree(files: Files): Promise<string> {
  const root = join(folder, `tree-${trees++}`);
  await mkdir(root);
  await writeTree(root, files);
  return root;
}

async function check(root: string): Promise<CheckReport> {
  return checkDataset(await datasetAt(root), { workers: 0 });
}

/** Findings without the folder's own path. */
function findings({ findings: found }: CheckReport, root: string): string[] {
  return found.map(({ kind, message }) => `${kind}: ${message.replaceAll(`${root}/`, '')}`);
}

/** Four images, half of them `cat`, with other files over them. */
function four(more: Files = {}): Files {
  return {
    ...Object.fromEntries(['a', 'b', 'c', 'd'].map((id) => [`images/${id}.jpg`, jpeg])),
    'labels.csv': 'id,label\na,cat\nb,dog\nc,cat\nd,dog\n',
    'train.txt': 'a\nb\n',
    'val.txt': 'c\nd\n',
    ...more,
  };
}

const kinds: [string, Files, RegExp][] = [
  [
    'images no label names',
    { 'images/e.jpg': jpeg, 'images/f.jpg': jpeg },
    /^warning: 2 of 6 images in images have no label in labels\.csv and are left out \(e, f\); add/,
  ],
  [
    'files of other kinds',
    { 'images/e.HEIC': 'x', 'images/f.heic': 'x', 'images/g.tif': 'x', 'images/notes.txt': 'x' },
    /^warning: images: files of other kinds are passed over: 2 \.heic \(e\.HEIC\), 1 \.tif \(g\.tif\); images are/,
  ],
  [
    'classes without a training image',
    { 'train.txt': 'a\nc\n', 'val.txt': 'b\nd\n', 'classes.txt': 'cat\ndog\nunicorn\n' },
    /^warning: no image of the list train shows 2 of 3 classes: dog \(2 images of val\), unicorn; the network/,
  ],
  [
    'an image in both lists',
    { 'val.txt': 'a\nd\n' },
    /^warning: 1 image of the list val is in train, too \(a\): validation/,
  ],
  [
    'several names in one cell',
    { 'labels.csv': 'id,label\na,"cat, dog"\nb,dog\nc,cat\nd,cat/dog\n' },
    /^warning: 2 class names look like several names in one \("cat, dog", "cat\/dog"\), and are taken as one class/,
  ],
  [
    'background among the classes',
    { 'classes.txt': '_Background_\ncat\ndog\n' },
    /^error: "_Background_" is among the classes, and background is not a class: .*; remove it from the classes/,
  ],
  [
    'classes that differ in case only',
    { 'labels.csv': 'id,label\na,cat\nb,Cat\nc,cat\nd,cat\n' },
    /^warning: 1 pair of classes differs in case only \(Cat and cat\), and counts as different; give them one name/,
  ],
  [
    'classes that differ in Unicode form only',
    { 'labels.csv': 'id,label\na,k\u00e4fer\nb,ka\u0308fer\nc,k\u00e4fer\nd,dog\n' },
    /^warning: 1 pair of classes differs in Unicode form only/,
  ],
  [
    'images that differ in case only',
    { 'images/A.jpg': jpeg, 'labels.csv': 'id,label\na,cat\nA,cat\nb,dog\nc,cat\nd,dog\n' },
    /^warning: 1 pair of image names differs in case only \(A and a\)/,
  ],
  [
    'masks of 0 and 255',
    { 'masks/c.png': mask(255, 0), 'masks/d.png': mask(0, 255) },
    /^error: all 2 masks hold only 0 and 255, and 255 means "ignored", so no mask shows a class; number the classes 1 … 2/,
  ],
  ...['x_mask.png', 'x.jpg.png', 'X.png', 'x.tif', 'x_mask.jpg'].map((name): [string, Files, RegExp] => {
    const [c, d] = [
      name.replace(/x/i, name.startsWith('X') ? 'C' : 'c'),
      name.replace(/x/i, name.startsWith('X') ? 'D' : 'd'),
    ];
    return [
      `masks called ${name}`,
      { [`masks/${c}`]: mask(1), [`masks/${d}`]: mask(1) },
      new RegExp(
        `^error: masks: 2 files, such as ${c.replaceAll('.', '\\.')}, fit no image, and no other does; the mask of the image [ac] is masks/[ac]\\.png: rename them`,
      ),
    ];
  }),
  [
    'some masks called otherwise',
    { 'masks/c.png': mask(1), 'masks/d_mask.png': mask(1) },
    /^warning: masks: 1 file, such as d_mask\.png, fits no image \(1 others do\); the mask of the image d is masks\/d\.png: rename it$/,
  ],
  [
    'orientation tags',
    { 'images/c.jpg': turned, 'images/d.jpg': turned, 'masks/c.png': mask(1), 'masks/d.png': mask(2) },
    /^warning: 2 photographs have an orientation tag \(EXIF; c: 6\), which toco ignores/,
  ],
  [
    'PNGs named like images in a folder of another name',
    { 'gt/c.png': mask(1), 'gt/d.png': mask(2) },
    /^warning: gt: holds 2 PNG files named like images, and is not read; if these are masks, rename it to masks, or name it: data\.masks=gt /,
  ],
];

describe('findings, one line a kind', () => {
  test('a data set that is in order has none', async () => {
    const report = await check(await tree(four({ 'masks/c.png': mask(1), 'masks/d.png': mask(2) })));
    expect([report.findings, report.groups, report.errors]).toEqual([[], [], 0]);
  });

  test.each(kinds)('%s', async (_name, more, line) => {
    const root = await tree(four(more));
    const report = await check(root);
    const found = findings(report, root).filter((text) => line.test(text));
    expect({ found: found.length, all: findings(report, root) }).toMatchObject({ found: 1 });
    expect(found[0]).not.toContain('\n');
    expect(report.errors > 0).toBe(report.findings.some(({ kind }) => kind === 'error'));
  });

  test('a photograph that is turned, and its mask not: one line for all of them', async () => {
    const files = four({ 'masks/c.png': upright, 'masks/d.png': upright });
    const root = await tree({ ...files, 'images/c.jpg': turned, 'images/d.jpg': turned });
    const { groups } = await check(root);
    expect(groups).toEqual([
      {
        first: expect.objectContaining({
          id: 'c',
          message: `${root}/masks/c.png: the mask has 2 × 3 pixels, its image 3 × 2 as stored: its orientation tag 6 (EXIF) turns it in viewers, and toco ignores tags; turn the pixels (e.g. mogrify -auto-orient) or the mask`,
        }) as unknown,
        count: 2,
        another: 'd',
      },
    ]);
  });

  test('what is wrong with both lists is told of each', async () => {
    const { groups } = await check(
      await tree(four({ 'labels.csv': 'id,label\na,cat\n', 'train.txt': '', 'val.txt': 'a\na\n' })),
    );
    expect(groups.map(({ first, count }) => [first.list, count])).toEqual([
      ['train', 1],
      ['val', 1],
    ]);
    const root = await tree({ 'images/a.jpg': jpeg, 'labels.csv': 'id,label\na,cat\n' });
    const alone = await check(root);
    expect(alone.groups.map(({ first, count }) => `${first.list} ${count}: ${first.message}`)).toEqual(
      ['train', 'val'].map(
        (list) => `${list} 1: ${root}: 1 image with labels; there must be two at least, to train on one`,
      ),
    );
  });

  test('color masks of a hundred images are one line', async () => {
    const color = await photograph.clone().png().toBuffer();
    const ids = Array.from({ length: 100 }, (_, i) => `i${i}`);
    const root = await tree({
      ...Object.fromEntries(
        ids.flatMap((id) => [
          [`images/${id}.jpg`, jpeg],
          [`masks/${id}.png`, color],
        ]),
      ),
      'labels.csv': `id,label\n${ids.map((id) => `${id},cat\n`).join('')}`,
    });
    const { groups, errors } = await check(root);
    expect([groups.length, groups[0]!.count, errors]).toEqual([1, 100, 100]);
    expect(groups[0]!.first.message).toMatch(/PNG is a color image, not a label map/);
  });
});

describe('the first masks, before a run', () => {
  test.each([
    [
      'empty',
      [0],
      /^warning: the first 2 masks of the list val are empty \(0, background\), so no mask shows/,
    ],
    [
      'of 0 and 128',
      [0, 128],
      /^error: none of the first 2 masks .* \(.*c\.png: label 128 at row 0, column 1 is outside the 2 cl/,
    ],
  ])('%s', async (_name, labels, line) => {
    const root = await tree(four({ 'masks/c.png': mask(...labels), 'masks/d.png': mask(...labels) }));
    const found = await checkMasks(await (await datasetAt(root)).list('val'));
    expect(found.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([expect.stringMatching(line)]);
  });
});

test('masks of another size than their photographs, before a run', async () => {
  const root = await tree(four({ 'masks/c.png': upright, 'masks/d.png': upright }));
  expect(await checkMasks(await (await datasetAt(root)).list('val'))).toEqual([
    {
      kind: 'error',
      message: expect.stringMatching(
        /^none of the first 2 masks .*c\.png: the mask has 2 × 3 pixels, its image 3 × 2\)/,
      ) as unknown,
    },
  ]);
});

describe('folders', () => {
  test('train/ and val/ are lists, not classes; a test folder is told', async () => {
    const files = ['train/cat/1', 'train/dog/2', 'val/cat/3', 'val/dog/4', 'test/dog/5'];
    const root = await tree(Object.fromEntries(files.map((name) => [`${name}.jpg`, jpeg])));
    const data = await imageFolder(root);
    expect(data.classes).toEqual(['cat', 'dog']);
    const ids = async (name: string): Promise<string[]> => {
      const list = await data.list(name);
      return Array.from({ length: list.length }, (_, i) => list.sample(i).id);
    };
    expect([await ids('train'), await ids('val')]).toEqual([files.slice(0, 2), files.slice(2, 4)]);
    expect(findings(await check(root), root)).toEqual([
      'warning: 1 image of the test folder (test/dog/5) is in no list; move it into train or val to use it',
    ]);
  });

  test('labels in a file: train/ and val/ of the images are lists, and labels without an image are told', async () => {
    const names = ['train/1', 'train/2', 'eval/3'];
    const files = Object.fromEntries(names.map((name) => [`images/${name}.jpg`, jpeg]));
    const csv = `id,label\n${names.map((name) => `${name}.jpg,cat\n`).join('')}`;
    const data = await imageFolder(await tree({ ...files, 'labels.csv': csv }));
    expect([(await data.list('train')).length, (await data.list('val')).length]).toEqual([2, 1]);
    const { groups } = await check(await tree({ ...files, 'labels.csv': `${csv}C:\\photos\\2.jpg,cat\n` }));
    expect(groups.map(({ first }) => first.message)).toEqual([
      expect.stringMatching(
        /C:\/photos\/2: there is no such image, which the labels name; there is train\/2: write the path from the folder of the images$/,
      ),
    ]);
  });

  test('class folders without an image, and label files beside class folders, are told', async () => {
    const root = await tree({
      'cat/1.jpg': jpeg,
      'dog/2.jpg': jpeg,
      'dog/3.jpg': jpeg,
      'tags.csv': 'id,label\n',
    });
    await mkdir(join(root, 'bird'));
    const found = findings(await check(root), root);
    expect(found).toContainEqual(
      expect.stringMatching(/^warning: 1 folder \(bird\) holds no image and is not taken/),
    );
    expect(found).toContainEqual(
      expect.stringMatching(/^warning: tags\.csv: not read; .* data\.labels=tags\.csv/),
    );
  });

  const refused: [string, Files, RegExp][] = [
    [
      'photographs of other kinds alone',
      { 'cat/1.heic': 'x' },
      /: there are no images .* in it; check the path, or convert what is there: 1 \.heic$/,
    ],
    [
      'parts without classes',
      { 'train/1.jpg': jpeg, 'val/2.jpg': jpeg },
      /: the folders train, val are parts of a data set, not classes, and hold images without a class \(train\/1\)/,
    ],
    [
      'parts beside a class',
      { 'train/cat/1.jpg': jpeg, 'valid/cat/2.jpg': jpeg, 'cat/3.jpg': jpeg },
      /: train, valid look like parts of a data set, cat beside them like a class; move it/,
    ],
    [
      'no image at all',
      { 'cat/notes.txt': 'x' },
      /: there are no images \(\.jpg, \.jpeg, \.png, \.webp\) in it/,
    ],
    [
      'an id of another case',
      { 'a.jpg': jpeg, 'b.jpg': jpeg, 'labels.csv': 'id,label\nA,cat\nb,cat\n' },
      /A: there is no such image, which the labels name; there is a, which differs in case only: rename one/,
    ],
    [
      'an id of another Unicode form',
      { 'ka\u0308fer.jpg': jpeg, 'b.jpg': jpeg, 'labels.csv': 'id,label\nk\u00e4fer,cat\nb,cat\n' },
      /there is no such image, which the labels name; there is .*, which differs in Unicode form only/,
    ],
  ];
  test.each(refused)('%s is refused in one line', async (_name, files, line) => {
    const root = await tree(files);
    const opened = (async () => {
      const data = await imageFolder(root);
      await data.list('train');
      await data.list('val');
    })();
    await expect(opened).rejects.toThrow(line);
  });

  test('a vehicle may be called train', async () => {
    const root = await tree({ 'train/1.jpg': jpeg, 'bus/1.jpg': jpeg, 'car/1.jpg': jpeg });
    expect((await imageFolder(root)).classes).toEqual(['bus', 'car', 'train']);
  });

  test('links to folders of classes are followed; loops, dead links and pipes are told', async () => {
    const elsewhere = await tree({ '1.jpg': jpeg, '2.jpg': jpeg });
    const root = await tree({ 'cat/1.jpg': jpeg, 'cat/2.jpg': jpeg });
    await symlink(elsewhere, join(root, 'dog'));
    await symlink(root, join(root, 'cat', 'back'));
    await symlink(join(root, 'nowhere'), join(root, 'cat', 'gone'));
    await promisify(execFile)('mkfifo', [join(root, 'cat', 'pipe.jpg')]);
    const report = await check(root);
    expect(report.classes.map(({ name, labeled }) => [name, labeled])).toEqual([
      ['cat', 3],
      ['dog', 2],
    ]);
    expect(findings(report, root)).toEqual([
      'warning: 2 symbolic links lead nowhere, or back to a folder around them (cat/back, cat/gone); remove or correct them',
      'warning: 1 file named like an image is a pipe or device (cat/pipe.jpg), which is never opened; remove it',
    ]);
    expect(report.groups.map(({ first }) => first.message)).toEqual([
      `${join(root, 'cat', 'pipe.jpg')}: this is a pipe, not an ordinary file`,
    ]);
  });
});
