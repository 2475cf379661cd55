import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { writeWhole, UserError } from '@toco/files';
import { checkClasses } from '../dataset/dataset.js';
import { type CrowdTreatment, readInstances } from '../annotations/coco-annotations.js';
import type { LabelTable } from '../annotations/label-table.js';
import { writeLabelFile } from '../annotations/write-label-file.js';
import { folderBytes, requireFreeSpace } from '@toco/files';
import { fileSize, removeUnfinished } from '@toco/files';
import { assertNotAborted, type OnPreparationProgress } from '@toco/files';
import { openState } from '../prepare/preparation-state.js';
import { workWindow } from '../prepare/work-window.js';
import { taskPool } from '../threads/task-pool.js';
import { requireFiles } from '../voc/voc-list.js';
import { cocoClasses } from './coco-classes.js';
import {
  annotationsInput,
  type CocoInput,
  imagesInput,
  inputIdentity,
  unpack,
  unpackedBytes,
} from './coco-inputs.js';
import {
  cocoCounts,
  type CocoList,
  cocoMaskFolder,
  cocoSplits,
  cocoStatePath,
  isPreparedCocoState,
} from './coco-layout.js';
import { type DrawTask, drawWork } from './draw-objects.js';

/** Options of {@link prepareCoco}. */
export interface PrepareCocoOptions {
  /** Folder with `annotations/instances_{train,val}2014.json`, `train2014/` and `val2014/`, or the owners' zips of them. */
  readonly root: string;
  /** Folder that masks, lists and labels are written to; photographs are not copied. By default `root`. */
  readonly out?: string | undefined;
  /** What regions of crowds become: 255 (default), or their class. */
  readonly crowds?: CrowdTreatment | undefined;
  /** The files hold a part of the data set: the numbers of images and classes are not checked. */
  readonly partial?: boolean | undefined;
  /** Threads that draw masks; 0 does so in the calling thread. */
  readonly workers?: number | undefined;
  readonly onProgress?: OnPreparationProgress | undefined;
  /** Ends the preparation; the same call goes on later. */
  readonly signal?: AbortSignal | undefined;
}

/** What {@link prepareCoco} made. */
export interface PreparedCoco {
  /** For `coco(root)`. */
  readonly root: string;
  /** Number of images in each list: those with at least one object. */
  readonly lists: Readonly<Record<CocoList, number>>;
  /** Names in the order of the labels 1 … C. */
  readonly classes: readonly string[];
  /** Whether it was all there already. */
  readonly alreadyDone: boolean;
}

/** Bytes of masks per byte of annotations, at most. */
const maskShare = 2;

/**
 * Makes masks, lists and image-level labels of COCO 2014 from its instance annotations, for {@link coco}: labels 1 … 80 in the
 * order of the category ids, smaller objects over larger ones, 255 in regions of crowds where no object is.
 *
 * May be ended at any moment, even by force: the same call goes on where it stopped, and does nothing when all is done.
 *
 * @throws One line: no room on the disk, annotations or photographs that are missing, damaged or not whole.
 *
 * @example
 * await prepareCoco({ root: 'coco' });
 * const list = await coco('coco').list('train');
 */
export async function prepareCoco(options: PrepareCocoOptions): Promise<PreparedCoco> {
  const { root, out = root, crowds = 'ignore', partial = false } = options;
  const inputs = listNames.map((list) => ({
    annotations: annotationsInput(root, out, list),
    images: imagesInput(root, out, list),
  }));
  const identities = await Promise.all(inputs.map(({ annotations }) => inputIdentity(annotations)));
  const state = await openState(
    cocoStatePath(out),
    { train: identities[0]!, val: identities[1]!, crowds },
    isPreparedCocoState,
  );
  if (state.result !== undefined) {
    const { lists, classes } = state.result;
    if (!partial) assertWhole(root, { lists, classes });
    return { root: out, lists, classes, alreadyDone: true };
  }
  await requireRoom(out, inputs);
  // Masks of unknown origin are drawn anew; those of an earlier run from the same annotations stay.
  const there = await Promise.all(listNames.map((list) => folderBytes(cocoMaskFolder(out, list))));
  if (there.every((bytes) => bytes === 0)) await state.finish('own masks');

  const prepared = new Map<CocoList, PreparedList>();
  for (const [i, list] of listNames.entries()) {
    prepared.set(list, await prepareList(list, inputs[i]!, { ...options, keep: state.has('own masks') }));
  }
  const [train, val] = [prepared.get('train')!, prepared.get('val')!];
  const { classes } = train;
  if (classes.join() !== val.classes.join()) {
    throw new UserError(`${root}: the annotations for training and validation have different categories`);
  }
  const lists = { train: train.labels.size, val: val.labels.size };
  if (!partial) assertWhole(root, { lists, classes });

  for (const [list, { labels }] of prepared) {
    const path = join(out, 'ImageSets', 'Segmentation', `${list}.txt`);
    await mkdir(dirname(path), { recursive: true });
    await writeWhole(path, [new TextEncoder().encode(`${[...labels.keys()].join('\n')}\n`)]);
    await removeUnfinished(cocoMaskFolder(out, list));
  }
  const labels = new Map([...train.labels, ...val.labels]);
  await writeLabelFile(join(out, 'cls_labels_onehot.npy'), labels, classes);
  await writeLabelFile(join(out, 'cls_labels.json'), labels, classes);
  const images = { train: within(out, train.images), val: within(out, val.images) };
  await state.finish('all', { lists, classes, images });
  return { root: out, lists, classes, alreadyDone: false };
}

const listNames: readonly CocoList[] = ['train', 'val'];

interface PreparedList {
  readonly labels: LabelTable;
  readonly classes: readonly string[];
  /** Folder of the photographs. */
  readonly images: string;
}

/** Draws the masks of a list, and gives its labels. */
async function prepareList(
  list: CocoList,
  inputs: { annotations: CocoInput; images: CocoInput },
  options: PrepareCocoOptions & { keep: boolean },
): Promise<PreparedList> {
  const { root, out = root, onProgress, signal } = options;
  const path = await unpack(inputs.annotations, list, { onProgress, signal });
  const images = await unpack(inputs.images, list, { onProgress, signal });
  const total = (await fileSize(path)) ?? 0;
  const instances = await readInstances(path, {
    signal,
    onBytes: (done) => onProgress?.({ stage: `reading ${basename(path)}`, done, total, unit: 'bytes' }),
  });
  const categories = [...instances.categories].sort(([a], [b]) => a - b);
  const classes = checkClasses(
    path,
    categories.map(([, name]) => name),
  );
  const labelOf = new Map(categories.map(([id], index) => [id, index + 1]));
  const labeled = [...instances.images.values()]
    .filter(({ objects }) => objects.length > 0)
    .map((image) => ({ ...image, id: image.fileName.replace(/\.jpg$/, '') }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const labels = new Map(
    labeled.map(({ id, objects }) => {
      const shown = new Uint8Array(classes.length);
      for (const { category } of objects) shown[labelOf.get(category)! - 1] = 1;
      return [id, shown];
    }),
  );
  await requireFiles(images, [...labels.keys()], '.jpg');
  await drawMasks(
    labeled.map(({ id, height, width, objects }) => ({
      path: join(cocoMaskFolder(out, list), `${id}.png`),
      height,
      width,
      objects: objects.map(({ category, counts, ...object }) => ({
        ...object,
        counts: counts!,
        label: labelOf.get(category)!,
      })),
    })),
    { ...options, stage: `drawing masks of ${cocoSplits[list]}` },
  );
  return { labels, classes, images };
}

async function drawMasks(
  drawings: readonly Omit<DrawTask, 'crowds'>[],
  options: PrepareCocoOptions & { keep: boolean; stage: string },
): Promise<void> {
  const { crowds = 'ignore', workers = availableParallelism(), keep, stage, onProgress, signal } = options;
  const pool = taskPool(drawWork, workers);
  const window = workWindow(4 * Math.max(1, workers));
  let done = 0;
  try {
    for (const drawing of drawings) {
      assertNotAborted(signal);
      await window.add(async () => {
        if (!keep || (await fileSize(drawing.path)) === undefined) await pool.run({ ...drawing, crowds });
        onProgress?.({ stage, done: ++done, total: drawings.length, unit: 'files' });
      });
    }
  } finally {
    await window.finish().finally(() => pool.close());
  }
}

async function requireRoom(
  out: string,
  inputs: readonly { annotations: CocoInput; images: CocoInput }[],
): Promise<void> {
  let bytes = 0;
  for (const { annotations, images } of inputs) {
    bytes += await unpackedBytes(images);
    bytes += maskShare * ('path' in annotations ? ((await fileSize(annotations.path)) ?? 0) : 0);
    bytes += 4 * maskShare * (await unpackedBytes(annotations));
  }
  await requireFreeSpace(out, bytes);
}

function assertWhole(root: string, { lists, classes }: Pick<PreparedCoco, 'lists' | 'classes'>): void {
  const counts: [string, number, number][] = [
    ['categories', classes.length, cocoClasses.length],
    ...listNames.map((list): [string, number, number] => [
      `images with objects in ${cocoSplits[list]}`,
      lists[list],
      cocoCounts[list],
    ]),
  ];
  for (const [what, found, expected] of counts) {
    if (found !== expected) {
      throw new UserError(
        `${root}: ${found} ${what} instead of ${expected}: the annotations are not the owners' whole ones; set partial (--partial) where a part is meant`,
      );
    }
  }
}

/** A path as seen from a folder where it lies in it, else a whole path: so that the folder can be moved. */
function within(folder: string, path: string): string {
  const seen = relative(resolve(folder), resolve(path));
  return seen.startsWith('..') || isAbsolute(seen) ? resolve(path) : seen;
}
