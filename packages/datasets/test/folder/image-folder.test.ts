import { describe, expect, test } from '@jest/globals';
import { encodeLabelPng } from '@toco/formats';
import fc from 'fast-check';
import { join } from 'node:path';
import sharp from 'sharp';
import { checkDataset } from '../../src/check/check-dataset.js';
import { datasetAt, datasetLayout } from '../../src/layout/dataset-at.js';
import type { Dataset } from '../../src/dataset/dataset.js';
import { imageFolder, type ImageFolderOptions } from '../../src/folder/image-folder.js';
import { csvLabels } from '../../src/annotations/csv-labels.js';
import { namesInAnnotation } from '../../src/annotations/labels-from-annotation.js';
import { jsonLabels } from '../../src/annotations/json-labels.js';
import { readLabelFile } from '../../src/annotations/label-file.js';
import { writeLabelFile } from '../../src/annotations/write-label-file.js';
import { temporaryFolder, writeTree } from '../folder.js';

const folder = await temporaryFolder();
const jpeg = await sharp({ create: { width: 3, height: 2, channels: 3, background: '#468' } })
  .jpeg()
  .toBuffer();
const png = await sharp(jpeg).png().toBuffer();
const images = { 'a.jpg': jpeg, 'b.JPG': jpeg, 'sub/c.png': png, 'd.jpeg': jpeg };

let trees = 0;
async function tree(files: Record<string, Uint8Array | string>): Promise<string> {
  const root = join(folder, `tree-${trees++}`);
  await writeTree(root, files);
  return root;
}

/** Labels of all images by id, as class names. */
async function labeled(data: Dataset): Promise<Record<string, string>> {
  const entries: [string, string][] = [];
  for (const name of ['train', 'val']) {
    const list = await data.list(name);
    for (let i = 0; i < list.length; i++) {
      const { id, labels } = list.sample(i);
      entries.push([id, data.classes.filter((_, c) => labels[c] === 1).join('+')]);
    }
  }
  return Object.fromEntries(entries.sort());
}

const annotation = (...names: string[]): string =>
  `<annotation>${names.map((name) => `<object><name>${name}</name></object>`).join('')}</annotation>\n`;
const expected = { a: 'cat+dog', b: 'dog', 'sub/c': 'cat' };

describe('imageFolder', () => {
  const forms: [string, Record<string, string>, ImageFolderOptions][] = [
    ['CSV with names', { 'labels.csv': 'id,label\r\na.jpg,cat;dog\nb,dog\n"sub/c.png",cat\n' }, {}],
    [
      'CSV with a line per label',
      { 'labels.csv': '\ufefffile\tclass\na\tdog\na\tcat\nb\tdog\nsub/c\tcat\n' },
      {},
    ],
    ['CSV with a column per class', { 'labels.csv': 'id,cat,dog\na,1,1\nb,0,1\nsub/c,1.0,0\n' }, {}],
    ['JSON', { 'labels.json': '{ "a": ["dog", "cat"], "b": ["dog"], "sub/c.png": ["cat"] }' }, {}],
    [
      'VOC XML',
      {
        'Annotations/a.xml': annotation('dog', 'cat', 'dog'),
        'b.xml': annotation('dog'),
        'sub/c.xml': annotation('cat'),
      },
      {},
    ],
  ];
  test.each(forms)('%s', async (_name, files, options) => {
    const root = await tree({ ...images, ...files });
    const data = await imageFolder(root, options);
    expect(data.classes).toEqual(['cat', 'dog']);
    expect(await labeled(data)).toEqual(expected);
  });

  test('one sub-folder per class', async () => {
    const root = await tree({
      'dog/1.jpg': jpeg,
      'cat/1.jpg': jpeg,
      'cat/deep/2.png': png,
      '.hidden/3.jpg': jpeg,
    });
    const data = await imageFolder(root);
    expect(data.classes).toEqual(['cat', 'dog']);
    expect(await labeled(data)).toEqual({ 'cat/1': 'cat', 'cat/deep/2': 'cat', 'dog/1': 'dog' });
  });

  test('npy with classes.txt, masks, lists of ids', async () => {
    const root = await tree({
      ...Object.fromEntries(Object.entries(images).map(([name, bytes]) => [`images/${name}`, bytes])),
      'masks/a.png': encodeLabelPng({ width: 3, height: 2, data: Uint8Array.of(0, 1, 2, 255, 0, 0) }),
      'classes.txt': 'dog\ncat\n',
      'train.txt': 'b.JPG\nsub/c\n',
      'val.txt': 'a\n',
    });
    const table = new Map(
      Object.entries({ a: [1, 1], b: [1, 0], 'sub/c': [0, 1] }).map(([id, v]) => [id, Uint8Array.from(v)]),
    );
    await writeLabelFile(join(root, 'cls_labels_onehot.npy'), table, ['dog', 'cat']);
    const data = await imageFolder(root);
    expect(data.classes).toEqual(['dog', 'cat']);
    expect(await labeled(data)).toEqual({ a: 'dog+cat', b: 'dog', 'sub/c': 'cat' });
    const val = await data.list('val');
    expect(val.sample(0).mask).toEqual({ path: join(root, 'masks', 'a.png') });
    expect((await data.list('train')).sample(0).mask).toBeUndefined();
    expect((await checkDataset(data, { workers: 0 })).problems).toEqual([]);
  });

  test('parts images by the seed alone, both parts whole and never empty', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `x/${i}`);
    const root = await tree(Object.fromEntries(names.map((name) => [`${name}.jpg`, jpeg])));
    const split = async (options: ImageFolderOptions): Promise<string[][]> => {
      const data = await imageFolder(root, options);
      return Promise.all(
        ['train', 'val'].map(async (name) => {
          const list = await data.list(name);
          return Array.from({ length: list.length }, (_, i) => list.sample(i).id);
        }),
      );
    };
    const [train, val] = await split({ valFraction: 0.2, seed: 1 });
    expect([train!.length, val!.length]).toEqual([24, 6]);
    expect([...train!, ...val!].sort()).toEqual([...names].sort());
    expect(await split({ valFraction: 0.2, seed: 1 })).toEqual([train, val]);
    expect(await split({ valFraction: 0.2, seed: 2 })).not.toEqual([train, val]);
    expect((await split({ valFraction: 0.001 }))[1]).toHaveLength(1);
    expect((await split({ valFraction: 0.999 }))[0]).toHaveLength(1);
  });

  const wrong: [string, Record<string, Uint8Array | string>, ImageFolderOptions, RegExp][] = [
    [
      'an image that is not there',
      { 'labels.csv': 'id,label\nx,cat\na,cat\n' },
      {},
      /x: there is no such image/,
    ],
    [
      'a class that is none',
      { 'labels.csv': 'id,label\na,cow\nb,cow\n' },
      { classes: ['cat'] },
      /labels\.csv, a: "cow" is none/,
    ],
    ['images beside class folders', {}, {}, /a\.jpg: the image lies in no class's folder/],
    [
      'labels that are no file',
      {},
      { labels: 'what' },
      /^labels "what": give the path of an \.npy, \.json or \.csv file, "xml", "folders", or a tool \(labelmap, coco, cvat, yolo, labelme\) or a file of it$/,
    ],
    [
      'a list without labels',
      { 'labels.csv': 'id,label\na,cat\n', 'train.txt': 'b\n', 'val.txt': 'a\n' },
      {},
      /no labels for b/,
    ],
    [
      'one of two lists',
      { 'labels.csv': 'id,label\na,cat\n', 'val.txt': 'a\n' },
      {},
      /train\.txt: the list does not exist, though/,
    ],
    ['an empty table', { 'labels.csv': '' }, {}, /labels\.csv: the file is empty$/],
    [
      'two images of one name',
      { 'a.png': png },
      {},
      /a\.png: .*a\.jpg has the same name but for its extension; an image is known by its name without it, so rename or remove one$/,
    ],
    [
      'a table of one image',
      { 'labels.csv': 'id,label\na,cat\n' },
      {},
      /1 image with labels; there must be two/,
    ],
    ['vectors without names', { 'labels.npy': 'x' }, { labels: 'labels.npy' }, /holds no class names/],
  ];
  test.each(wrong)('%s', async (_name, files, options, message) => {
    const root = await tree({ ...images, ...files });
    const error = await imageFolder(root, options)
      .then(labeled)
      .then(
        () => new Error('did not fail'),
        (e: unknown) => e as Error,
      );
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
  });
});

describe('label files', () => {
  const name = fc
    .string({ minLength: 1, maxLength: 8 })
    .filter((text) => text.trim() === text && !/[;|\r\n\u2028\u2029]/.test(text));
  const table = fc.dictionary(
    name,
    fc.uniqueArray(fc.constantFrom('cat', 'dog', 'sheep, "white"'), { minLength: 1 }),
    { minKeys: 1 },
  );
  const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
  const asObject = (names: ReadonlyMap<string, readonly string[]>): [string, string[]][] =>
    Array.from(names, ([id, shown]) => [id, [...shown].sort()]);

  test('CSV in both forms, and JSON, hold any names', () => {
    fc.assert(
      fc.property(table, (labels) => {
        const want = Object.entries(labels).map(([id, shown]) => [id, [...shown].sort()]);
        const rows = Object.entries(labels);
        const named = rows.map(([id, shown]) => `${quoted(id)},${quoted(shown.join(';'))}`);
        expect(asObject(csvLabels(`id,label\n${named.join('\n')}\n`, 'x').names)).toEqual(want);
        const columns = ['cat', 'dog', 'sheep, "white"'] as const;
        const marked = rows.map(([id, shown]) =>
          [quoted(id), ...columns.map((c) => Number(shown.includes(c)))].join(','),
        );
        const header = ['id', ...columns.map(quoted)].join(',');
        expect(asObject(csvLabels(`${header}\n${marked.join('\n')}`, 'x').names)).toEqual(want);
        expect(asObject(jsonLabels(JSON.stringify(labels), 'x').names)).toEqual(want);
      }),
      { numRuns: 200 },
    );
  });

  test('what is written is read again, as npy and as JSON', async () => {
    const classes = ['cat', 'dog', 'sheep'];
    const vector = fc.uint8Array({ minLength: 3, maxLength: 3, max: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, vector), { minLength: 1, maxLength: 5 }), async (rows) => {
        const labels = new Map(
          rows.filter(([id]) => id !== '__proto__').map(([id, v]) => [id, Uint8Array.from(v)]),
        );
        for (const file of ['labels.npy', 'labels.json']) {
          await writeLabelFile(join(folder, file), labels, classes);
          const read = await readLabelFile(join(folder, file), classes);
          expect([...read].sort()).toEqual([...labels].sort());
        }
      }),
      { numRuns: 20 },
    );
    await expect(writeLabelFile(join(folder, 'labels.txt'), new Map(), classes)).rejects.toThrow(
      /end in \.npy or \.json$/,
    );
    await expect(writeLabelFile('x.npy', new Map([['a', Uint8Array.of(1)]]), classes)).rejects.toThrow(
      'x.npy, a: 1 label for 3 classes',
    );
  });

  test("Excel's line that names the separator is no header", () => {
    const { names } = csvLabels('\ufeffsep=;\r\nid;label\r\na,b.jpg;cat|dog\r\n', 'x');
    expect([...names]).toEqual([['a,b.jpg', ['cat', 'dog']]]);
  });

  test.each([
    ['id,label\n,cat\n', /x, line 2: the image has no id$/],
    ['id,cat,dog\na,1,2\n', /x, line 2: "2" of dog is neither 0 nor 1$/],
    [
      'id,label,by\na,cat,Bob\n',
      /x, line 2: "cat" of label is neither 0 nor 1; a table of class names has two/,
    ],
    ['id,cat\na,1\na,0\n', /x, line 3: a comes twice$/],
    ['id\na\n', /x: there is one column only/],
    [
      'id,label\na,b,c\n',
      /^x, line 2: 3 cells, the header has 2; separate several names in a cell with "\|"$/,
    ],
    [
      'id,cat,dog\na,1\n',
      /^x, line 2: 2 cells, the header has 3; a cell that holds the separator needs quotes$/,
    ],
    ['id,label\n"a,b\n', /^x: [^\n]+$/],
  ])('%j is refused', (text, message) => {
    expect(() => csvLabels(text, 'x')).toThrow(message);
  });
});

describe('tables as people save them', () => {
  const want = [
    ['a', ['cat', 'dog']],
    ['b', ['dog']],
  ];
  test.each([
    ['semicolons', 'id;label\r\na;cat|dog\r\nb;dog\r\n'],
    ['tabs', 'id\tlabel\na\tcat;dog\nb\tdog\n'],
    ['a column per class and semicolons', 'id;cat;dog\na;1;1\nb;0;1,0\n'],
    ['line ends of old Macs', 'id,label\ra,cat;dog\rb,dog\r'],
    ['a mark, empty lines and blanks', '\ufeff id , label \r\n\r\n a , cat ; dog \r\n\r\n b , dog '],
  ])('%s', (_name, text) => {
    expect([...csvLabels(text, 'x').names]).toEqual(want);
  });

  test('text in UTF-16, as Excel saves it; other encodings and NUL are refused', async () => {
    const text = 'id\tlabel\na\tKäfer\nb\tdog\n';
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
    const root = await tree({ 'a.jpg': jpeg, 'b.jpg': jpeg, 'labels.csv': utf16 });
    expect((await imageFolder(root)).classes).toEqual(['Käfer', 'dog']);
    await writeTree(root, { 'labels.csv': Buffer.from(text, 'latin1') });
    await expect(imageFolder(root)).rejects.toThrow(/labels\.csv: not text in UTF-8; save it as UTF-8$/);
    await writeTree(root, { 'labels.csv': 'id,label\na,c\0t\n' });
    await expect(imageFolder(root)).rejects.toThrow(/labels\.csv, line 2: holds a NUL character/);
    await writeTree(root, { 'labels.csv': 'id,label\na.jpg,cat\na,dog\n' });
    await expect(imageFolder(root)).rejects.toThrow(/labels\.csv: a\.jpg and a name the same image/);
  });

  test('many lines for one image, long lines and unclosed elements take no more than their length', () => {
    const began = performance.now();
    const lines = Array.from({ length: 100_000 }, (_, i) => `a,n${i % 50_000}\n`).join('');
    expect(csvLabels(`id,label\n${lines}`, 'x').names.get('a')).toHaveLength(50_000);
    const cell = Array.from({ length: 200_000 }, (_, i) => `n${i}`).join(';');
    expect(csvLabels(`id,label\na,${cell}\n`, 'x').names.get('a')).toHaveLength(200_000);
    const open = `<annotation>${'<object>'.repeat(200_000)}</annotation>`;
    expect(namesInAnnotation(open, 'x')).toEqual([]);
    const blank = `<annotation><object><name>${' '.repeat(300_000)}</object></annotation>`;
    expect(() => namesInAnnotation(blank, 'x')).toThrow('x: an object has no <name>');
    // Quadratic work on these takes minutes.
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});

describe('checkDataset', () => {
  const mask = (...labels: number[]): Uint8Array =>
    encodeLabelPng({ width: 3, height: 2, data: Uint8Array.from(labels) });

  test.each([0, 1])('finds what is wrong and counts what is there, %i threads', async (workers) => {
    const root = await tree({
      'images/good.jpg': jpeg,
      'images/cut.jpg': jpeg.subarray(0, jpeg.length - 40),
      'images/size.jpg': jpeg,
      'images/range.jpg': jpeg,
      'images/more.jpg': jpeg,
      'images/other.jpg': jpeg,
      'masks/good.png': mask(0, 1, 1, 255, 0, 0),
      'masks/cut.png': mask(0, 1, 1, 1, 1, 1),
      'masks/size.png': encodeLabelPng({ width: 2, height: 3, data: new Uint8Array(6) }),
      'masks/range.png': mask(0, 9, 0, 0, 0, 0),
      'masks/more.png': mask(1, 2, 2, 0, 0, 0),
      'masks/other.png': mask(2, 2, 2, 0, 0, 0),
      'labels.csv': 'id,label\ngood,cat\ncut,cat\nsize,cat\nrange,cat\nmore,cat\nother,cat\n',
      'classes.txt': 'cat\ndog\n',
      'train.txt': 'good\ncut\nsize\nrange\n',
      'val.txt': 'more\nother\n',
    });
    const report = await checkDataset(await imageFolder(root), { workers });
    expect(
      report.problems.map(({ kind, id, message }) => `${kind} ${id}: ${message.replace(`${root}/`, '')}`),
    ).toEqual([
      expect.stringMatching(/^error cut: images\/cut\.jpg: [^\n]+$/),
      'error size: masks/size.png: the mask has 2 × 3 pixels, its image 3 × 2',
      'error range: masks/range.png: label 9 at row 0, column 1 is outside the 2 classes (0 is background, 255 ignored)',
      'error other: the labels name cat, the mask shows dog: nothing in common',
      "disagreement more: the mask shows dog (2 pixels), the labels don't",
    ]);
    expect(report).toMatchObject({
      errors: 4,
      disagreements: 1,
      lists: [
        { name: 'train', images: 4, masks: 1 },
        { name: 'val', images: 2, masks: 2 },
      ],
      classes: [
        { name: 'cat', labeled: 6, shown: 2, pixelShare: 3 / 17 },
        { name: 'dog', labeled: 0, shown: 2, pixelShare: 5 / 17 },
      ],
      backgroundShare: 9 / 17,
      ignoredShare: 1 / 18,
    });
    expect((await checkDataset(await imageFolder(root), { workers, most: 1 })).problems).toHaveLength(2);
    const lacking = await checkDataset(await imageFolder(root), { workers, lists: ['none'] });
    expect(lacking).toMatchObject({
      errors: 1,
      problems: [{ list: 'none', message: expect.stringMatching(/none\.txt/) as unknown }],
    });
  });

  test('layouts are told apart', async () => {
    expect(
      datasetLayout(await tree({ 'ImageSets/Segmentation/val.txt': 'a', 'JPEGImages/a.jpg': jpeg })),
    ).toBe('voc');
    expect(
      datasetLayout(
        await tree({ 'ImageSets/Segmentation/val.txt': 'a', 'SegmentationClass/train2014/a.png': '' }),
      ),
    ).toBe('coco');
    expect(datasetLayout(await tree({ 'VOCdevkit/VOC2012/JPEGImages/a.jpg': jpeg }))).toBe('voc');
    const root = await tree({ 'cat/a.jpg': jpeg, 'dog/b.jpg': jpeg });
    expect((await datasetAt(root)).name).toBe('folder');
    // Folders of COCO's photographs are no classes.
    const raw = await tree({ 'train2014/a.jpg': jpeg, 'val2014/b.jpg': jpeg });
    await expect((await datasetAt(raw)).list('train')).rejects.toThrow(
      `${raw}: the folder is not prepared; run toco prepare coco ${raw}`,
    );
    await expect(datasetAt(join(root, 'none'))).rejects.toThrow(
      /none: no such folder; name the folder of the data set$/,
    );
  });
});
