import { describe, expect, test } from '@jest/globals';
import { encodeLabelPng } from '@toco/formats';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { checkDataset } from '../src/check/check-dataset.js';
import { requireTrainingMasks } from '../src/check/check-training-masks.js';
import type { Dataset, SampleList } from '../src/dataset/dataset.js';
import { imageFolder } from '../src/folder/image-folder.js';
import { feedBatch } from '../src/loader/feed-batch.js';
import { listDigest } from '../src/loader/list-digest.js';
import type { TrainingBatch } from '../src/loader/training-batch.js';
import { trainingLoader } from '../src/loader/training-loader.js';
import { withTrainingMasks, type TrainingMaskSelection } from '../src/masks/training-masks.js';
import { syntheticScenes } from '../src/synthetic/synthetic-scenes.js';
import { defaultViewOptions } from '../src/views/view-options.js';
import { temporaryFolder, writeTree } from './folder.js';

// Worker threads run the built package: `pnpm exec tsc -b packages/datasets` comes first.
const folder = await temporaryFolder();
const photograph = await sharp({ create: { width: 6, height: 4, channels: 3, background: '#468' } })
  .jpeg()
  .toBuffer();
const mask = (label: number, [width, height] = [6, 4]): Uint8Array =>
  encodeLabelPng({ width: width!, height: height!, data: new Uint8Array(width! * height!).fill(label) });

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
let trees = 0;
/** A folder of six images of two classes; masks of the first three lie in a folder of their own. */
async function own(
  masks: Record<string, Uint8Array> = {},
): Promise<{ data: Dataset; list: SampleList; made: string; root: string }> {
  const root = join(folder, `own-${trees++}`);
  const made = join(root, 'made');
  await mkdir(root);
  await writeTree(root, {
    ...Object.fromEntries(ids.map((id) => [`images/${id}.jpg`, photograph])),
    'labels.csv': `id,label\n${ids.map((id, i) => `${id},${i % 2 === 0 ? 'cat' : 'dog'}`).join('\n')}\n`,
    'train.txt': `${ids.join('\n')}\n`,
    'val.txt': 'f\n',
    'some.txt': 'a\nc extra words\nelsewhere\n',
    'strong.txt': 'a\nb\n',
  });
  const files = { 'a.png': mask(1), 'b.png': mask(2), 'c.png': mask(0), ...masks };
  await writeTree(made, files);
  const data = await imageFolder(root, { classes: ['cat', 'dog'] });
  return { data, list: await data.list('train'), made, root };
}

const masked = (list: SampleList): string[] =>
  Array.from({ length: list.length }, (_, i) => list.sample(i)).flatMap(({ id, trainingMask }) =>
    trainingMask ? [id] : [],
  );

describe('which images train on their masks', () => {
  test('none, all, a list of the data set, a file of ids', async () => {
    const { data, list, made, root } = await own({
      'd.png': mask(1),
      'e.png': mask(1),
      'f.png': mask(1),
    });
    const choose = (selection: TrainingMaskSelection): Promise<SampleList> =>
      withTrainingMasks(list, data, selection);
    expect(await choose({})).toBe(list);
    const all = await choose({ trainMasks: 'all', trainMaskFolder: made });
    expect([all.trainingMasks, masked(all)]).toEqual(['all', ids]);
    expect(all.sample(1).trainingMask).toEqual({ path: join(made, 'b.png') });
    const named = await choose({ trainMasks: 'strong', trainMaskFolder: made });
    expect([named.trainingMasks, masked(named)]).toEqual(['some', ['a', 'b']]);
    const file = await choose({ trainMasks: join(root, 'some.txt'), trainMaskFolder: made });
    expect([file.trainingMasks, masked(file)]).toEqual(['some', ['a', 'c']]);
    // What a run remembers of its images tells them apart, and lists without masks from neither.
    const digests = [list, all, named, file].map((chosen) => listDigest(chosen).sha256);
    expect(new Set(digests).size).toBe(4);
  });

  test('without a folder they are the data set’s own', async () => {
    const scenes = syntheticScenes({ size: 40, train: 3 });
    const list = await withTrainingMasks(await scenes.list('train'), scenes, { trainMasks: 'all' });
    const { mask: known, trainingMask } = list.sample(2);
    expect([list.trainingMasks, trainingMask]).toEqual(['all', known]);
    await requireTrainingMasks(list);
  });

  const refused: [string, (made: string) => TrainingMaskSelection, RegExp][] = [
    [
      'an image without a mask',
      (made) => ({ trainMasks: 'all', trainMaskFolder: made }),
      /made\/d\.png: the mask does not exist \(nor have 2 more of 6 images\), and data\.trainMasks wants one; add the mask, or list/,
    ],
    [
      'a data set without masks',
      () => ({ trainMasks: 'strong' }),
      /^a: the data set has no mask for this image \(nor have 1 more of 2 images\)/,
    ],
    [
      'another folder',
      () => ({ trainMasks: 'strong', trainMaskFolder: join(folder, 'nowhere') }),
      /nowhere\/a\.png: the mask does not exist .* there is no folder .*nowhere\./,
    ],
    [
      'a folder of something else',
      (made) => ({ trainMasks: 'strong', trainMaskFolder: join(made, '..', 'images') }),
      /images\/a\.png: .*; .*images holds a\.jpg, b\.jpg, …; masks are named ID\.png\.$/,
    ],
    [
      'a list that is not there',
      (made) => ({ trainMasks: 'strnog', trainMaskFolder: made }),
      /^data\.trainMasks: .*strnog\.txt: the list does not exist; give none, all, a list/,
    ],
    [
      'a list of other images',
      (made) => ({ trainMasks: join(made, '..', 'labels.csv'), trainMaskFolder: made }),
      /^data\.trainMasks: no image of the list train is in .*labels\.csv, so no mask would be trained on/,
    ],
    [
      'a folder for nothing',
      (made) => ({ trainMaskFolder: made }),
      /^data\.trainMaskFolder is .*made, and data\.trainMasks is none, so nothing looks at these masks/,
    ],
  ];
  test.each(refused)('refuses %s in one line', async (_, selection, message) => {
    const { data, list, made } = await own();
    const error = await withTrainingMasks(list, data, selection(made)).catch((reason: unknown) => reason);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('\n');
  });
});

describe('masks that can’t be trained on', () => {
  const wrong: [string, Uint8Array, RegExp][] = [
    ['a wrong size', mask(1, [4, 6]), /b\.png: the mask has 4 × 6 pixels, its image 6 × 4/],
    ['a class out of range', mask(3), /b\.png: label 3 at row 0, column 0 is outside the 2 classes/],
    ['a damaged file', Buffer.from('no PNG'), /b\.png: is no PNG file/],
  ];
  test.each(wrong)('%s: one line by toco check and before the first iteration', async (_, file, message) => {
    const { data, list, made } = await own({ 'b.png': file });
    const trainingMasks = { trainMasks: 'strong', trainMaskFolder: made };
    const report = await checkDataset(data, { workers: 0, trainingMasks });
    const [problem, ...others] = report.problems;
    expect([others, report.errors, problem!.id]).toEqual([[], 1, 'b']);
    expect(problem!.message).toMatch(message);
    const chosen = await withTrainingMasks(list, data, trainingMasks);
    for (const workers of [0, 1]) {
      const error = await requireTrainingMasks(chosen, { workers }).catch((reason: unknown) => reason);
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message).toMatch(
        /^data\.trainMasks: .* correct the mask \(toco check --train-masks/,
      );
    }
  });

  test('masks that show no class at all', async () => {
    const { data, list, made } = await own({ 'a.png': mask(255), 'b.png': mask(0) });
    const chosen = await withTrainingMasks(list, data, { trainMasks: 'strong', trainMaskFolder: made });
    await expect(requireTrainingMasks(chosen)).rejects.toThrow(
      /^data\.trainMasks: none of 2 masks that training looks at shows a class .*number the classes 1 … 2/,
    );
  });

  test('a missing mask is told by toco check, too', async () => {
    const { data, made } = await own();
    const trainingMasks = { trainMasks: 'all', trainMaskFolder: made };
    const { problems } = await checkDataset(data, { workers: 0, trainingMasks });
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/d\.png: the mask does not exist \(nor have 2 more/),
    ]);
  });
});

describe('batches', () => {
  const views = { ...defaultViewOptions, cropSize: 32 };
  const options = { batchSize: 2, seed: 4, views, endIteration: 6 };

  test('hold the masks of listed images alone, whatever the number of threads and wherever they begin', async () => {
    const { data, list, made } = await own();
    const some = await withTrainingMasks(list, data, { trainMasks: 'strong', trainMaskFolder: made });
    const gather = async (workers: number, startIteration = 0): Promise<unknown[]> => {
      const batches = [];
      for await (const { ids: names, masks, masked: flags } of trainingLoader(some, {
        ...options,
        workers,
        startIteration,
      }))
        batches.push({ names, masks, flags });
      return batches;
    };
    const batches = (await gather(0)) as { names: string[]; masks: Int32Array; flags: Int32Array }[];
    let seen = 0;
    for (const { names, masks, flags } of batches) {
      expect(Array.from(flags)).toEqual(names.map((id) => (id === 'a' || id === 'b' ? 1 : 0)));
      names.forEach((id, b) => {
        const labels = new Set(masks.subarray(b * 32 * 32, (b + 1) * 32 * 32));
        const label = { a: 1, b: 2 }[id];
        seen += label === undefined ? 0 : 1;
        // The photographs are smaller than the view: there is padding.
        expect([id, [...labels].sort((x, y) => x - y)]).toEqual([
          id,
          label === undefined ? [255] : [label, 255],
        ]);
      });
    }
    expect(seen).toBe(4);
    expect(await gather(2)).toEqual(batches);
    expect(await gather(1, 3)).toEqual(batches.slice(3));
  });

  test('of a list without masks hold none, and of one with all of them no flags', async () => {
    const scenes = syntheticScenes({ size: 40, train: 4 });
    const plain = await scenes.list('train');
    const all = await withTrainingMasks(plain, scenes, { trainMasks: 'all' });
    const first = async (list: SampleList): Promise<TrainingBatch> => {
      const loader = trainingLoader(list, { ...options, lattice: {}, workers: 0 });
      const { value } = (await loader.next()) as { value: TrainingBatch };
      await loader.close();
      return value;
    };
    const [without, with_] = [await first(plain), await first(all)];
    expect([without.masks, without.masked, with_.masked]).toEqual([undefined, undefined, undefined]);
    expect(with_.images).toEqual(without.images);
    expect(new Set(with_.masks).size).toBeGreaterThan(1);
    const feed = feedBatch(with_);
    expect(feed.masks).toEqual({ data: with_.masks, shape: [2, 32, 32] });
    expect('masked' in feed).toBe(false);
  });

  test('end in one line that names a mask that is gone', async () => {
    const { data, list, made } = await own();
    const some = await withTrainingMasks(list, data, { trainMasks: 'strong', trainMaskFolder: made });
    await rm(join(made, 'a.png'));
    const run = async (): Promise<void> => {
      for await (const batch of trainingLoader(some, { ...options, workers: 0 })) void batch;
    };
    await expect(run()).rejects.toThrow(/made\/a\.png: the file does not exist/);
  });
});
