import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { counted, UserError } from '@toco/files';
import { filledLines, readTextFile } from '../annotations/text-file.js';
import { computedList, type Dataset, type Sample, type SampleList } from '../dataset/dataset.js';
import type { EncodedImage } from '../image/encoded-image.js';

/** Which images train on their masks, as a configuration names them. */
export interface TrainingMaskSelection {
  /** `none`, `all`, the name of a list of the data set, or a text file with an id on each line. */
  readonly trainMasks?: string | undefined;
  /** Folder of these masks, `ID.png`; by default they are the data set's own. */
  readonly trainMaskFolder?: string | undefined;
}

/**
 * The list with `trainingMask` at those images that train on their masks.
 *
 * @throws One line: a listed image has no mask, no image is listed, the list does not exist, or a folder is named for nothing.
 *
 * @example
 * const data = voc('VOCdevkit/VOC2012');
 * const images = await withTrainingMasks(await data.list('train_aug'), data, { trainMasks: 'train' });
 */
export async function withTrainingMasks(
  list: SampleList,
  data: Dataset,
  { trainMasks = 'none', trainMaskFolder }: TrainingMaskSelection,
): Promise<SampleList> {
  if (trainMasks === 'none') {
    if (trainMaskFolder === undefined) return list;
    throw new UserError(
      `data.trainMaskFolder is ${trainMaskFolder}, and data.trainMasks is none, so nothing looks at these masks; set data.trainMasks=all, or to a list.`,
    );
  }
  const ids = Array.from({ length: list.length }, (_, i) => list.sample(i).id);
  const listed = trainMasks === 'all' ? undefined : await listedIds(trainMasks, data, new Set(ids));
  const takesPart = (id: string): boolean => listed === undefined || listed.has(id);
  const chosen = ids.filter(takesPart);
  if (chosen.length === 0)
    throw new UserError(
      `data.trainMasks: no image of the list ${list.name} is in ${trainMasks}, so no mask would be trained on; name a list of training images.`,
    );
  const maskOf =
    trainMaskFolder === undefined
      ? (sample: Sample) => sample.mask
      : ({ id }: Sample): EncodedImage => ({ path: join(trainMaskFolder, `${id}.png`) });
  await requireMasks(list, { takesPart, maskOf, total: chosen.length, trainMaskFolder });
  const { name, classes, length } = list;
  return {
    ...computedList({ name, classes, length }, (index) => {
      const sample = list.sample(index);
      return takesPart(sample.id) ? { ...sample, trainingMask: maskOf(sample)! } : sample;
    }),
    trainingMasks: chosen.length === length ? 'all' : 'some',
  };
}

/** Images of the training list that another list, or a file, names. */
async function listedIds(name: string, data: Dataset, known: ReadonlySet<string>): Promise<Set<string>> {
  if (!/[/\\]|\.\w+$/.test(name)) {
    const list = await data.list(name).catch((error: unknown) => {
      throw new UserError(
        `data.trainMasks: ${(error as Error).message}; give none, all, a list of the data set, or a text file of ids`,
        { cause: error },
      );
    });
    return new Set(Array.from({ length: list.length }, (_, i) => list.sample(i).id));
  }
  const lines = filledLines(await readTextFile(name));
  // Lists of VOC's kind may say more about an image behind its id.
  return new Set(lines.map((line) => (known.has(line) ? line : /\S+/.exec(line)![0])));
}

/** @throws One line where a listed image has no mask */
async function requireMasks(
  list: SampleList,
  {
    takesPart,
    maskOf,
    total,
    trainMaskFolder,
  }: {
    readonly takesPart: (id: string) => boolean;
    readonly maskOf: (sample: Sample) => EncodedImage | undefined;
    readonly total: number;
    readonly trainMaskFolder: string | undefined;
  },
): Promise<void> {
  const missing: string[] = [];
  for (let i = 0; i < list.length; i++) {
    const sample = list.sample(i);
    if (!takesPart(sample.id)) continue;
    const mask = maskOf(sample);
    if (mask === undefined) missing.push(`${sample.id}: the data set has no mask for this image`);
    else if ('path' in mask && !existsSync(mask.path)) missing.push(`${mask.path}: the mask does not exist`);
  }
  if (missing.length === 0) return;
  const others =
    missing.length > 1 ? ` (nor have ${missing.length - 1} more of ${counted(total, 'image')})` : '';
  const hint =
    missing.length === total && trainMaskFolder !== undefined
      ? await whatIsThere(trainMaskFolder)
      : 'add the mask, or list in data.trainMasks only images that have one';
  throw new UserError(`${missing[0]!}${others}, and data.trainMasks wants one; ${hint}.`);
}

/** What a folder holds in which no mask was found. */
async function whatIsThere(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) return `there is no folder ${folder}`;
  const shown = names.slice(0, 2).join(', ');
  return `${folder} holds ${shown === '' ? 'nothing' : `${shown}${names.length > 2 ? ', …' : ''}`}; masks are named ID.png`;
}
