import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { encodeLabelPng, type LabelMap } from '@toco/formats';
import { testSeed } from '@toco/testing';
import sharp from 'sharp';
import { cocoFile, cocoParts } from '../../src/annotations/coco-annotations.js';
import { cvatFile, cvatMasks } from '../../src/annotations/cvat-annotations.js';
import { coloredMaskPng, labelColors, labelColorsFile } from '../../src/annotations/label-colors.js';
import { labelMeFile } from '../../src/annotations/labelme-annotations.js';
import { yoloDataset, yoloLabels } from '../../src/annotations/yolo-annotations.js';
import { checkDataset } from '../../src/check/check-dataset.js';
import { decodeMask } from '../../src/image/decode-mask.js';
import { datasetAt } from '../../src/layout/dataset-at.js';
import { temporaryFolder, writeTree } from '../folder.js';
import { blobs, leastIou, wrongInside } from './blobs.js';
import { cocoSample, cvatSample, labelMapSample, labelMeSample, yoloSample } from './tool-samples.js';

const folder = await temporaryFolder();
let count = 0;

/** A fresh folder with files; JSON may be given as an object. */
async function tree(files: Record<string, Uint8Array | string | object>): Promise<string> {
  const root = join(folder, String(count++));
  const written = Object.entries(files).map(([name, content]): [string, Uint8Array | string] => [
    name,
    typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
  ]);
  await writeTree(root, Object.fromEntries(written));
  return root;
}

/** Labels and mask of the images of a folder, by id. */
async function read(root: string): Promise<{
  classes: readonly string[];
  images: Record<string, { shows: string[]; mask?: LabelMap }>;
  lists: Record<string, string[]>;
  notes: string[];
}> {
  const data = await datasetAt(root);
  const images: Record<string, { shows: string[]; mask?: LabelMap }> = {};
  const lists: Record<string, string[]> = {};
  for (const name of ['train', 'val']) {
    const list = await data.list(name);
    lists[name] = [];
    for (let i = 0; i < list.length; i++) {
      const { id, labels, mask, image } = list.sample(i);
      lists[name].push(id);
      const shows = data.classes.filter((_, c) => labels[c] === 1);
      const size = await sharp('path' in image ? image.path : '').metadata();
      const decoded = mask && (await decodeMask(mask, { numClasses: data.classes.length, image: size }));
      images[id] = { shows, ...(decoded && { mask: decoded }) };
    }
  }
  return { classes: data.classes, images, lists, notes: (data.findings ?? []).map(({ message }) => message) };
}

const rows = ({ width, data }: LabelMap): string[] =>
  Array.from({ length: data.length / width }, (_, y) =>
    [...data.subarray(y * width, (y + 1) * width)].join(''),
  );

async function photograph(width = 12, height = 8): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#888' } })
    .png()
    .toBuffer();
}

const rectangle = (label: number): string[] =>
  Array.from({ length: 8 }, (_, y) =>
    y >= 2 && y < 6 ? `00${String(label).repeat(6)}0000` : '0'.repeat(12),
  );

let png: Buffer;
beforeAll(async () => {
  png = await photograph();
});

describe("the tools' own output", () => {
  test('CVAT: tags and boxes are labels; layers, polygons and run lengths make the mask', async () => {
    const root = await tree({
      ...{ 'images/a.png': png, 'images/b.png': png, 'images/c.png': png },
      'annotations.xml': cvatSample,
    });
    const { classes, images, notes } = await read(root);
    expect(classes).toEqual(['dog', 'cat']);
    expect(rows(images['a']!.mask!)).toEqual([
      '111100000000',
      '111100000011',
      '112222220011',
      '112222220000',
      '112222220000',
      '112222220000',
      '111100000000',
      '111100000000',
    ]);
    expect(images['b']).toEqual({ shows: ['dog'] });
    expect(images['c']).toMatchObject({ shows: [] });
    expect(notes[0]).toMatch(
      /^labels are read from CVAT \(.*annotations\.xml\): 3 images, 2 with masks \(boxes/,
    );
    expect(notes[1]).toMatch(/^1 image \(c\) has no object in .*, and counts as showing none of the classes/);
  });

  test('LabelMe: JSON beside the image; its labels for background and ignored pixels', async () => {
    const two = { ...labelMeSample, imagePath: '..\\elsewhere\\b.png', flags: { dog: true, old: false } };
    const root = await tree({ 'a.png': png, 'a.json': labelMeSample, 'b.png': png, 'b.json': two });
    const { classes, images } = await read(root);
    expect(classes).toEqual(['cat', 'dog']);
    const drawn = rows(images['a']!.mask!);
    expect(drawn.map((row) => row.slice(0, 9))).toEqual(rectangle(1).map((row) => row.slice(0, 9)));
    expect([...images['a']!.mask!.data].filter((label) => label === 255).length).toBeGreaterThan(1);
    // A flag says what is there, not where: no mask.
    expect(images['b']).toEqual({ shows: ['cat', 'dog'] });
  });

  test('LabelMe: masks are PNGs of their box', async () => {
    const mask = await sharp(Uint8Array.of(1, 0, 1, 0, 1, 1), { raw: { width: 3, height: 2, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    const shape = {
      ...{ label: 'cat', shape_type: 'mask', mask: mask.toString('base64') },
      points: [
        [10, 6],
        [12, 7],
      ],
    };
    const root = await tree({
      ...{ 'a.png': png, 'b.png': png, 'b.json': { ...labelMeSample, imagePath: 'b.png' } },
      'a.json': { ...labelMeSample, shapes: [shape] },
    });
    // The third column lies outside of the photograph.
    expect(rows((await read(root)).images['a']!.mask!).slice(6)).toEqual(['000000000010', '000000000001']);
  });

  test("COCO's form by Roboflow: a part in each folder, a category that only groups, a box alone", async () => {
    const [a, b] = ['a_jpg.rf.0123.png', 'b_jpg.rf.4567.png'];
    const root = await tree({
      ...{ [`train/${a}`]: png, [`train/${b}`]: png, [`valid/${a}`]: png, [`valid/${b}`]: png },
      ...{ 'train/_annotations.coco.json': cocoSample, 'valid/_annotations.coco.json': cocoSample },
    });
    const { classes, images, lists } = await read(root);
    expect(classes).toEqual(['dog', 'cat']);
    expect(lists).toEqual({
      train: ['train/a_jpg.rf.0123', 'train/b_jpg.rf.4567'],
      val: ['valid/a_jpg.rf.0123', 'valid/b_jpg.rf.4567'],
    });
    expect(rows(images['valid/a_jpg.rf.0123']!.mask!)).toEqual(rectangle(2));
    expect(images['train/b_jpg.rf.4567']).toEqual({ shows: ['dog'] });
  });

  test('COCO of another year: file names that both parts have', async () => {
    const numbered = {
      ...cocoSample,
      images: cocoSample.images.map(({ id, ...image }) => ({ ...image, id, file_name: `00${id}.png` })),
    };
    const root = await tree({
      ...{
        'train2017/000.png': png,
        'train2017/001.png': png,
        'val2017/000.png': png,
        'val2017/001.png': png,
      },
      'annotations/instances_train2017.json': numbered,
      'annotations/instances_val2017.json': numbered,
      'annotations/captions_val2017.json': { info: {}, images: [], annotations: [] },
    });
    const { lists } = await read(root);
    expect(lists).toEqual({ train: ['train2017/000', 'train2017/001'], val: ['val2017/000', 'val2017/001'] });
  });

  test('YOLO: polygons and boxes; an image without a file shows the background', async () => {
    const root = await tree({
      ...{ 'images/train/a.png': png, 'images/train/c.png': png, 'images/val/b.png': png },
      ...yoloSample,
    });
    const { classes, images, lists } = await read(root);
    expect(classes).toEqual(['dog', 'cat']);
    expect(lists).toEqual({ train: ['train/a', 'train/c'], val: ['val/b'] });
    expect(rows(images['train/a']!.mask!)).toEqual(rectangle(2));
    expect(images['val/b']).toEqual({ shows: ['dog'] });
    expect(images['train/c']!.shows).toEqual([]);
  });

  test('color masks: RGB, palette, and numbers of the lines', async () => {
    const map = { width: 12, height: 8, data: Uint8Array.from(rectangle(1).join(''), Number) };
    const paint = (background: readonly number[], cat: readonly number[]): Uint8Array =>
      Uint8Array.from([...map.data].flatMap((label) => (label === 1 ? cat : background)));
    const rgb = await sharp(paint([0, 0, 0], [61, 61, 245]), { raw: { width: 12, height: 8, channels: 3 } })
      .png()
      .toBuffer();
    const palette = encodeLabelPng(map, Uint8Array.of(0, 0, 0, 250, 50, 83));
    const gray = await sharp(map.data, { raw: { width: 12, height: 8, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    const root = await tree({
      'labelmap.txt': labelMapSample,
      ...{ 'JPEGImages/a.png': png, 'JPEGImages/b.png': png, 'JPEGImages/c.png': png },
      ...{
        'SegmentationClass/a.png': rgb,
        'SegmentationClass/b.png': palette,
        'SegmentationClass/c.png': gray,
      },
      ...{ 'SegmentationObject/a.png': rgb, 'ImageSets/Segmentation/default.txt': 'a\nb\nc\n' },
    });
    const { classes, images } = await read(root);
    expect(classes).toEqual(['cat', 'dog']);
    expect(['a', 'b', 'c'].map((id) => images[id]!.shows)).toEqual([['cat'], ['dog'], ['cat']]);
    expect(['a', 'b', 'c'].map((id) => rows(images[id]!.mask!))).toEqual([1, 2, 1].map(rectangle));
    expect((await checkDataset(await datasetAt(root), { workers: 0 })).errors).toBe(0);
  });
});

describe('a mask, written, and read again', () => {
  const classes = ['cat', 'dog & "co" <x>', 'ピンク'];
  const sizes = [
    [97, 61],
    [64, 128],
  ] as const;
  const maps = sizes.map((size, i) => blobs(testSeed + i, size));
  const withoutIgnored = maps.map(({ data, ...size }) => ({
    ...size,
    data: data.map((label) => (label === 255 ? 0 : label)),
  }));
  const ids = ['a', 'deep/b c'];
  const parts = <T>(make: (map: LabelMap, i: number) => T): T[] => maps.map(make);
  const coco = (form: 'rle' | 'polygons'): Record<string, string> => ({
    'annotations/instances.json': Buffer.concat([
      ...cocoFile(
        parts((map, i) => ({ ...map, fileName: `/somewhere/${ids[i]!}.jpg`, parts: cocoParts(map, form) })),
        classes,
      ),
    ]).toString(),
  });
  /** Files of each tool, and the least IoU of a class; outlines with half a pixel of play, which single pixels don't survive: 0. */
  const tools: [string, () => Promise<Record<string, Uint8Array | string>>, number][] = [
    ['COCO, run lengths', () => Promise.resolve(coco('rle')), 1],
    ['COCO, polygons', () => Promise.resolve(coco('polygons')), 1],
    [
      'CVAT',
      () =>
        Promise.resolve({
          'annotations.xml': Buffer.concat([
            ...cvatFile(
              parts((map, i) => ({ ...map, fileName: `${ids[i]!}.jpg`, masks: cvatMasks(map, classes) })),
              classes,
            ),
          ]),
        }),
      1,
    ],
    [
      'LabelMe',
      () =>
        Promise.resolve(
          Object.fromEntries(
            parts((map, i) => [
              `labelme/${ids[i]!}.json`,
              labelMeFile(map, { imagePath: `../images/${ids[i]!}.jpg`, classes }),
            ]),
          ),
        ),
      0,
    ],
    [
      'YOLO',
      () =>
        Promise.resolve({
          'data.yaml': yoloDataset(classes),
          ...Object.fromEntries(parts((map, i) => [`labels/${ids[i]!}.txt`, yoloLabels(map)])),
        }),
      0,
    ],
    [
      'color masks',
      async () => ({
        'labelmap.txt': labelColorsFile(labelColors(classes)),
        ...Object.fromEntries(
          await Promise.all(
            parts(async (map, i) => [`SegmentationClass/${ids[i]!}.png`, await coloredMaskPng(map)] as const),
          ),
        ),
      }),
      1,
    ],
  ];

  test.each(tools)('%s', async (name, files, least) => {
    const photographs = await Promise.all(
      sizes.map(
        async ([width, height], i) => [`images/${ids[i]!}.png`, await photograph(width, height)] as const,
      ),
    );
    const root = await tree({ ...Object.fromEntries(photographs), ...(await files()) });
    const found = await read(root);
    expect(found.classes).toEqual(name === 'LabelMe' ? [...classes].sort() : classes);
    maps.forEach((map, i) => {
      const { mask, shows } = found.images[ids[i]!]!;
      const order = found.classes.map((one) => classes.indexOf(one) + 1);
      const renumbered = { ...mask!, data: mask!.data.map((label) => order[label - 1] ?? label) };
      if (least === 1) expect(leastIou(renumbered, map)).toBe(1);
      // YOLO's outlines know no holes: a slit leads to each.
      else
        expect(wrongInside(renumbered, map)).toBeLessThanOrEqual(name === 'YOLO' ? map.data.length / 50 : 0);
      expect(shows.sort()).toEqual(classes.filter((_, c) => map.data.includes(c + 1)).sort());
      if (name === 'color masks') expect(renumbered.data).toEqual(map.data);
      else if (least === 1) expect(renumbered.data).toEqual(withoutIgnored[i]!.data);
    });
  });
});

describe('one line for what is wrong', () => {
  const bomb = `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l "lol">${Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i} "${`&l${i === 0 ? '' : i - 1};`.repeat(10)}">`).join('')}]><annotations><image id="0" name="&l8;" width="12" height="8"/></annotations>`;
  const cvat = (image: string): Record<string, string> => ({
    'annotations.xml': `<annotations><image id="0" name="a.png" width="12" height="8">${image}</image></annotations>`,
  });
  const shape = (change: object): Record<string, object> => ({
    'a.json': { ...labelMeSample, shapes: [{ ...labelMeSample.shapes[0], ...change }] },
  });
  const yolo = (line: string): Record<string, string> => ({ 'data.yaml': 'names: [cat]\n', 'a.txt': line });
  const cases: [string, Record<string, string | object>, RegExp][] = [
    [
      'entities that multiply',
      { 'annotations.xml': bomb },
      /annotations\.xml, line 1: declares entities of its own/,
    ],
    [
      'an entity of a file',
      {
        'annotations.xml':
          '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><annotations>&f;</annotations>',
      },
      /declares entities of its own/,
    ],
    [
      'XML cut short',
      { 'annotations.xml': '<annotations>\n<meta>' },
      /annotations\.xml, line \d: unclosed tag: meta/,
    ],
    ['elements too deep', { 'annotations.xml': `<annotations>${'<a>'.repeat(1e5)}` }, /lie too deep/],
    [
      'an absurd size',
      { 'annotations.xml': '<annotations><image name="a.png" width="1e9" height="8"/></annotations>' },
      /image a\.png: has no usable width and height$/,
    ],
    [
      'an empty CVAT file',
      { 'annotations.xml': '<annotations></annotations>' },
      /names no image; export "CVAT for images/,
    ],
    [
      'a mask outside',
      cvat('<mask label="x" rle="0, 4" left="11" top="0" width="2" height="2"/>'),
      /image a\.png: the box of a mask does not lie in the image of 12 × 8$/,
    ],
    [
      'runs that do not fill',
      cvat('<mask label="x" rle="0, 99999999" left="0" top="0" width="2" height="2"/>'),
      /image a\.png: the runs of a mask do not fill its box of 2 × 2$/,
    ],
    ['no points', cvat('<polygon label="x" points="1,2;x,3"/>'), /a polygon has no points/],
    ['no label', cvat('<box xtl="1"/>'), /image a\.png: a box has no label$/],
    [
      'names of files elsewhere',
      { 'annotations.xml': cvat('')['annotations.xml']!.replace('a.png', '../../../etc/passwd') },
      /names 1 image \(\.\.\/\.\.\/\.\.\/etc\/passwd\), and none of them is in .*; put the photographs into .*images$/,
    ],
    ['a LabelMe shape without label', shape({ label: '' }), /a\.json, shape 1: has no label$/],
    ['too few points', shape({ points: [[1, 2]] }), /shape 1: a polygon has no 3 points/],
    ['a mask that is none', shape({ shape_type: 'mask', mask: 'AAAA' }), /shape 1: the mask is not an image/],
    ['LabelMe without size', { 'a.json': { ...labelMeSample, imageWidth: 1e12 } }, /no usable imageWidth/],
    [
      'a class that is not numbered',
      yolo('3 0.1 0.1 0.2 0.2\n'),
      /a\.txt, line 1: "3" is not a class number; there are 1/,
    ],
    ['pixels instead of shares', yolo('0 10 10 20 20\n'), /line 1: coordinates are shares/],
    ['a polygon of odd numbers', yolo('0 0.1 0.1 0.2 0.2 0.3\n'), /line 1: 5 numbers behind the class/],
    [
      'names that are missing',
      { 'data.yaml': 'names:\ntrain: x\n' },
      /data\.yaml: names must number the classes/,
    ],
    [
      'YAML that multiplies',
      {
        'data.yaml': `a: &a [x]\n${Array.from({ length: 9 }, (_, i) => `${'bcdefghij'[i]!}: &${'bcdefghij'[i]!} [${`*${'abcdefghi'[i]!},`.repeat(9)}]\n`).join('')}names: [*j]\n`,
      },
      /data\.yaml: [^\n]+/,
    ],
    [
      'no label file',
      { 'data.yaml': 'names: [cat]\n' },
      /data\.yaml: no image has a label file; expected .*a\.txt for .*a\.png$/,
    ],
    [
      'COCO cut short',
      { 'instances_x.json': JSON.stringify(cocoSample).slice(0, -9) },
      /instances_x\.json: the file is cut short$/,
    ],
    [
      'a polygon far outside',
      {
        'x.json': JSON.stringify({
          ...cocoSample,
          annotations: [{ ...cocoSample.annotations[0], segmentation: [[1e9, 1, 2, 3, 4, 5]] }],
        }),
      },
      /x\.json: annotation 0: polygon has a point/,
    ],
    [
      'a label map without classes',
      { 'labelmap.txt': 'background:0,0,0::\n', 'masks/a.png': 'x' },
      /labelmap\.txt: names no class beside the background$/,
    ],
    [
      'two names of one color',
      { 'labelmap.txt': 'cat:1,2,3::\ndog:1,2,3::\n', 'masks/a.png': 'x' },
      /labelmap\.txt: cat and dog have the same color 1, 2, 3; change one$/,
    ],
    [
      'a line that is none',
      { 'labelmap.txt': 'cat 1,2,3\n', 'masks/a.png': 'x' },
      /"cat 1,2,3" is not NAME:RED/,
    ],
  ];

  test.each(cases)('%s', async (_name, files, line) => {
    const root = await tree({ 'a.png': png, ...files });
    const started = performance.now();
    const { message } = await datasetAt(root).then(
      () => new Error('was read'),
      (error: unknown) => error as Error,
    );
    expect(message).toMatch(line);
    expect(message).not.toContain('\n');
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('a color that nobody has', async () => {
    const rgb = await sharp(new Uint8Array(3 * 96).fill(9), { raw: { width: 12, height: 8, channels: 3 } })
      .png()
      .toBuffer();
    const root = await tree({ 'images/a.png': png, 'masks/a.png': rgb, 'labelmap.txt': labelMapSample });
    await expect(datasetAt(root)).rejects.toThrow(
      /masks\/a\.png: color 9, 9, 9 at row 0, column 0 is none of the label map's; add a line for it/,
    );
  });

  test('a name that two images could have, and images that are not there', async () => {
    const file = {
      ...cocoSample,
      images: [{ ...cocoSample.images[0], file_name: 'a.png' }],
      annotations: [],
    };
    const root = await tree({ 'one/a.png': png, 'two/a.png': png, 'coco.json': file });
    await expect(datasetAt(root)).rejects.toThrow(
      /coco\.json: a\.png may be one\/a or two\/a; write its path from the folder of the images, or rename one$/,
    );
    const some = await tree({ 'a.png': png, 'c.png': png, 'annotations.xml': cvatSample });
    expect((await read(some)).notes).toContainEqual(
      expect.stringMatching(
        /^1 of 3 images that .*annotations\.xml names is not in .* \(b\.png\), and left out; add it there$/,
      ),
    );
  });

  test('outlines of another size than the photograph are told by the check', async () => {
    const wrong = { ...labelMeSample, imageWidth: 8, imageHeight: 12 };
    const root = await tree({
      'a.png': png,
      'a.json': wrong,
      'b.png': png,
      'b.json': { ...labelMeSample, imagePath: 'b.png' },
    });
    const { groups } = await checkDataset(await datasetAt(root), { workers: 0 });
    expect(groups.map(({ first }) => first.message)).toEqual([
      expect.stringMatching(/a\.json: the mask has 8 × 12 pixels, its image 12 × 8$/),
    ]);
  });

  test('a pipe that is named like annotations is not opened', async () => {
    const root = await tree({ 'cat/a.png': png, 'dog/b.png': png });
    execFileSync('mkfifo', [join(root, 'annotations.xml'), join(root, 'x.json'), join(root, 'data.yaml')]);
    expect((await read(root)).classes).toEqual(['cat', 'dog']);
  });
});

test('labels.csv says more than a tool, and a tool can be named', async () => {
  const root = await tree({
    ...{ 'images/a.png': png, 'images/b.png': png, 'labels.csv': 'id,label\na,bird\nb,bird\n' },
    'annotations.xml': cvatSample,
  });
  expect((await read(root)).classes).toEqual(['bird']);
  for (const labels of ['cvat', join(root, 'annotations.xml')])
    expect((await datasetAt(root, { labels })).classes).toEqual(['dog', 'cat']);
  await expect(datasetAt(root, { labels: 'yolo' })).rejects.toThrow(
    /: holds no annotations of YOLO; expected data\.yaml with names, and labels\/$/,
  );
  expect(await readFile(join(root, 'labels.csv'), 'utf8')).toContain('bird');
});
