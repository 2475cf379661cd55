import { describe, expect, test } from '@jest/globals';
import { decodeLabelDictionary, decodeLabelPng } from '@toco/formats';
import { mutationCount, sharedPath, testSeed } from '@toco/testing';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { checkDataset } from '../../src/check/check-dataset.js';
import { coco } from '../../src/coco/coco.js';
import { prepareCoco } from '../../src/coco/prepare-coco.js';
import { readInstances } from '../../src/annotations/coco-annotations.js';
import { makeZip } from '../archive/make-zip.js';
import { temporaryFolder, writeTree } from '../folder.js';

interface Instances {
  readonly images: { id: number; file_name: string; height: number; width: number }[];
  readonly annotations: {
    id: number;
    image_id: number;
    category_id: number;
    iscrowd: number;
    segmentation: unknown;
  }[];
  readonly categories: { id: number; name: string }[];
}

/** Random annotations and the masks that pycocotools draws of them; see make_instances.py. */
const { instances, masks } = JSON.parse(
  await readFile(new URL('__fixtures__/instances.json', import.meta.url), 'utf8'),
) as { instances: Instances; masks: Record<string, { ignore: string; class: string }> };

const folder = await temporaryFolder();
const classes = ['person', 'train', 'dog', 'toothbrush'];
const labeledIds = Object.keys(masks).sort();

const photographs = await Promise.all(
  instances.images.map(async ({ file_name, height, width }) => ({
    name: file_name,
    content: await sharp({ create: { width, height, channels: 3, background: '#864' } })
      .jpeg()
      .toBuffer(),
  })),
);

/** The random images serve as those for training and, renamed, for validation. */
const asVal = (name: string): string => name.replace('train2014', 'val2014');
const forVal: Instances = {
  ...instances,
  images: instances.images.map((image) => ({ ...image, file_name: asVal(image.file_name) })),
};

async function tree(name: string): Promise<string> {
  const root = join(folder, name);
  await writeTree(root, {
    'annotations/instances_train2014.json': JSON.stringify(instances),
    'annotations/instances_val2014.json': JSON.stringify(forVal),
    ...Object.fromEntries(photographs.map(({ name, content }) => [`train2014/${name}`, content])),
    ...Object.fromEntries(photographs.map(({ name, content }) => [`val2014/${asVal(name)}`, content])),
  });
  return root;
}

const options = { partial: true, workers: 0 } as const;

async function assertMasks(root: string, crowds: 'ignore' | 'class'): Promise<void> {
  for (const [id, expected] of Object.entries(masks)) {
    for (const path of [`train2014/${id}.png`, `val2014/${asVal(id)}.png`]) {
      const { data } = decodeLabelPng(await readFile(join(root, 'SegmentationClass', path)));
      expect([path, Buffer.from(data).toString('hex')]).toEqual([path, expected[crowds]]);
    }
  }
}

describe('prepareCoco', () => {
  test.each([
    ['ignore', 0],
    ['class', 2],
  ] as const)('draws what pycocotools draws, crowds: %s, %i threads', async (crowds, workers) => {
    const root = await tree(crowds);
    const result = await prepareCoco({ ...options, root, crowds, workers });
    expect(result).toEqual({
      root,
      classes,
      lists: { train: labeledIds.length, val: labeledIds.length },
      alreadyDone: false,
    });
    await assertMasks(root, crowds);
    expect(await prepareCoco({ ...options, root, crowds })).toEqual({ ...result, alreadyDone: true });
    expect(new Set(Object.values(masks).map((mask) => mask.ignore === mask.class))).toContain(false);
  });

  test('labels name every object, crowds too; coco() reads the folder, from anywhere', async () => {
    const root = await tree('labels');
    const out = join(folder, 'labels-out');
    await prepareCoco({ ...options, root, out });
    const data = coco(out, { classes });
    const list = await data.list('train');
    expect(Array.from({ length: list.length }, (_, i) => list.sample(i).id)).toEqual(labeledIds);
    expect(list.sample(0).image).toEqual({ path: join(root, 'train2014', `${labeledIds[0]}.jpg`) });
    const shown = new Map(labeledIds.map((id) => [id, new Set<number>()]));
    for (const { image_id, category_id } of instances.annotations) {
      const { file_name } = instances.images.find(({ id }) => id === image_id)!;
      shown.get(file_name.slice(0, -4))!.add([1, 7, 18, 90].indexOf(category_id));
    }
    for (let i = 0; i < list.length; i++) {
      const { id, labels } = list.sample(i);
      expect([id, ...labels]).toEqual([id, ...classes.map((_, c) => Number(shown.get(id)!.has(c)))]);
    }
    const npy = decodeLabelDictionary(await readFile(join(out, 'cls_labels_onehot.npy')));
    expect(npy.size).toBe(2 * labeledIds.length);
    expect((await readdir(root)).sort()).toEqual(['annotations', 'train2014', 'val2014']);
    expect((await checkDataset(data, { workers: 0 })).errors).toBe(0);
    await expect(data.list('test')).rejects.toThrow('there is no list "test"; there are train and val');
  });

  test('a damaged preparation.json is one line, and made anew', async () => {
    const root = await tree('damaged');
    await prepareCoco({ ...options, root });
    const path = join(root, 'preparation.json');
    const whole = await readFile(path, 'utf8');
    for (const content of [
      whole.slice(0, -20),
      '',
      '[]',
      whole.replace('"val2014"', '7'),
      whole.replace(/"lists": \{[^}]*\}/, '"lists": null'),
    ]) {
      await writeFile(path, content);
      await expect(coco(root, { classes }).list('val')).rejects.toThrow(
        `${path}: the file is damaged; run the same toco prepare again, which writes it again`,
      );
      expect(await prepareCoco({ ...options, root })).toMatchObject({ alreadyDone: false });
      expect((await coco(root, { classes }).list('val')).length).toBe(labeledIds.length);
    }
  });

  test('takes the owners’ zips apart', async () => {
    const root = join(folder, 'zips');
    const json = (value: unknown): string => JSON.stringify(value);
    await writeTree(root, {
      'annotations_trainval2014.zip': makeZip([
        { name: 'annotations/captions_train2014.json', content: '{}' },
        { name: 'annotations/instances_train2014.json', content: json(instances) },
        { name: 'annotations/instances_val2014.json', content: json(forVal) },
      ]),
      'train2014.zip': makeZip(
        photographs.map(({ name, content }) => ({ name: `train2014/${name}`, content })),
      ),
      'val2014.zip': makeZip(
        photographs.map(({ name, content }) => ({ name: `val2014/${asVal(name)}`, content })),
      ),
    });
    await prepareCoco({ ...options, root });
    await assertMasks(root, 'ignore');
    expect((await coco(root, { classes }).list('val')).length).toBe(labeledIds.length);
    expect((await prepareCoco({ ...options, root })).alreadyDone).toBe(true);
  });

  test('goes on after an interruption: masks that are whole stay, others are drawn', async () => {
    const root = await tree('interrupted');
    for (let limit = 2; ; limit += 2) {
      const abort = new AbortController();
      let drawn = 0;
      const onProgress = ({ unit }: { unit: string }): void => {
        if (unit === 'files' && ++drawn > limit) abort.abort();
      };
      const result = await prepareCoco({ ...options, root, onProgress, signal: abort.signal }).catch(
        (e: unknown) => e,
      );
      if (!(result instanceof Error)) break;
      expect(result.message).toMatch(/interrupted; run the same command to continue/);
    }
    await assertMasks(root, 'ignore');
    // Other crowds, other masks: nothing of the earlier ones stays.
    await prepareCoco({ ...options, root, crowds: 'class' });
    await assertMasks(root, 'class');
  });
});

describe('one line for what is wrong', () => {
  async function failure(work: Promise<unknown>): Promise<string> {
    const { message } = await work.then(
      () => new Error('did not fail'),
      (error: unknown) => error as Error,
    );
    expect(message).not.toContain('\n');
    return message;
  }
  const path = join(folder, 'instances.json');
  async function read(content: unknown): Promise<string> {
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    return failure(readInstances(path));
  }
  const first = instances.annotations[0]!;
  const changed = (change: Record<string, unknown>): unknown => ({
    ...instances,
    annotations: [{ ...first, ...change }],
  });

  test.each([
    [
      'an image that is not listed',
      changed({ image_id: 99 }),
      /annotation 1 belongs to image 99, which is not listed$/,
    ],
    ['no category', changed({ category_id: undefined }), /annotation 1 has no category_id$/],
    ['an unknown category', changed({ category_id: 2 }), /has category 2, which is not listed$/],
    ['no segmentation', changed({ segmentation: null }), /annotation 1: segmentation is neither/],
    [
      'run lengths of another size',
      changed({ segmentation: { size: [1, 1], counts: [1] } }),
      /annotation 1: [^\n]+/,
    ],
    [
      'a path as file name',
      { ...instances, images: [{ ...instances.images[0], file_name: '../x.jpg' }] },
      /is not NAME\.jpg$/,
    ],
    [
      'an absurd size',
      { ...instances, images: [{ ...instances.images[0], width: 1e9 }] },
      /no usable height and width$/,
    ],
    ['another document', { hello: [] }, /there are no images and categories/],
    ['text', 'hello', /instances\.json: [^\n]+$/],
    ['a text cut short', JSON.stringify(instances).slice(0, -1), /the file is cut short$/],
    ['nothing', '', /the file is cut short$/],
  ])('%s', async (_name, content, message) => {
    expect(await read(content)).toMatch(message);
  });

  test('zips that hold something else', async () => {
    const root = await tree('other-zips');
    await rm(join(root, 'val2014'), { recursive: true });
    const zip = makeZip([{ name: 'train2014/a.jpg', content: 'not of val2014' }]);
    await writeFile(join(root, 'val2014.zip'), zip);
    expect(await failure(prepareCoco({ ...options, root }))).toBe(
      `${join(root, 'val2014.zip')}: holds nothing of val2014; is it another archive?`,
    );
  });

  test('files that are missing, and numbers of images', async () => {
    const root = await tree('counted');
    expect(await failure(prepareCoco({ root, workers: 0 }))).toMatch(/4 categories instead of 80/);
    await rm(join(root, 'train2014', `${labeledIds[0]}.jpg`));
    expect(await failure(prepareCoco({ ...options, root }))).toMatch(
      /train2014_0+1\.jpg: the file does not exist$/,
    );
    await rm(join(root, 'val2014'), { recursive: true });
    expect(await failure(prepareCoco({ ...options, root }))).toMatch(
      /val2014: does not exist, nor does .*val2014\.zip$/,
    );
    expect(await failure(coco(root).list('train'))).toMatch(/counted: the folder is not prepared; run toco/);
  });

  test('mutated annotations are read or refused in one line', async () => {
    // one image, so that a thousand files take seconds
    const [image] = instances.images;
    const annotations = instances.annotations.filter(({ image_id }) => image_id === image!.id).slice(0, 2);
    const categories = instances.categories.filter(({ id }) =>
      annotations.some((one) => one.category_id === id),
    );
    const text = JSON.stringify({ images: [image], annotations, categories });
    let refused = 0;
    for (let i = 0; i < mutationCount; i++) {
      const at = ((i + testSeed) * 7919) % text.length;
      const piece = ['', '"', '}', ']', '-1', '1e99', '9'.repeat(20), '[[[[', 'null', '\\u0000'][i % 10]!;
      const message = await writeFile(path, text.slice(0, at) + piece + text.slice(at + 1 + (i % 5)))
        .then(() => readInstances(path))
        .then(
          () => '',
          (error: unknown) => (error as Error).message,
        );
      if (message === '') continue;
      expect(message).toMatch(/^[^\n]*instances\.json: [^\n]{1,320}$/);
      refused++;
    }
    expect(refused).toBeGreaterThan(mutationCount * 0.3);
  }, 120_000);
});

test('images listed after their annotations', async () => {
  const path = join(folder, 'late.json');
  const { images, annotations, categories } = instances;
  await writeFile(path, JSON.stringify({ annotations, categories, images }));
  const late = await readInstances(path);
  await writeFile(path, JSON.stringify(instances));
  expect(late).toEqual(await readInstances(path));
});

describe('photographs of the shared folder', () => {
  const mini = sharedPath('data/coco-mini');
  if (mini === undefined) console.log('skipped: the shared photographs are missing');
  const ifThere = mini === undefined ? test.skip : test;

  ifThere('coco-mini: validation images are prepared and agree with their masks', async () => {
    const out = join(folder, 'mini');
    const { lists } = await prepareCoco({ root: mini!, out, partial: true, workers: 0 });
    expect(lists).toEqual({ train: 94, val: 32 });
    const report = await checkDataset(coco(out), { workers: 0, lists: ['val'] });
    expect(report).toMatchObject({
      errors: 0,
      disagreements: 0,
      lists: [{ name: 'val', images: 32, masks: 32 }],
    });
    expect((await stat(join(out, 'cls_labels.json'))).size).toBeGreaterThan(1000);
  });
});
