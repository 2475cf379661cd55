import { join } from 'node:path';
import { writeWhole, UserError } from '@toco/files';
import { writeLabelFile } from '../annotations/write-label-file.js';
import { vocCounts } from './voc-archives.js';
import { vocClasses } from './voc-classes.js';
import { readVocLabels } from './voc-labels.js';
import { readVocList, requireFiles } from './voc-list.js';

/** Images in the lists of a prepared VOC. */
export interface VocListLengths {
  readonly train_aug: number;
  readonly train: number;
  readonly val: number;
}

/** Whether something that was read from a file is {@link VocListLengths}. */
export function isVocListLengths(value: unknown): value is VocListLengths {
  const lengths = (value ?? {}) as Partial<VocListLengths>;
  return [lengths.train_aug, lengths.train, lengths.val].every(Number.isInteger);
}

/**
 * Computes `train_aug.txt` (VOC's training images and all of SBD's, without VOC's validation images), makes sure that every file
 * is there, and writes the image-level labels: `cls_labels_onehot.npy`, and the same as `cls_labels.json`. They come from the
 * annotations, "difficult" objects included, as the field's do.
 *
 * @throws One line for lists of other lengths than the whole data sets have (unless `partial`), or a missing file.
 */
export async function finishVoc(root: string, { partial }: { partial: boolean }): Promise<VocListLengths> {
  const [train, val] = [await readVocList(root, 'train'), await readVocList(root, 'val')];
  const sbd = [...(await readVocList(root, 'sbd_train')), ...(await readVocList(root, 'sbd_val'))];
  const validation = new Set(val);
  const trainAug = [...new Set([...train, ...sbd])].filter((id) => !validation.has(id)).sort();
  const lengths = { train_aug: trainAug.length, train: train.length, val: val.length };
  if (!partial) assertWhole(root, lengths);

  const ids = [...trainAug, ...val];
  const folders = {
    root,
    classes: vocClasses,
    images: join(root, 'JPEGImages'),
    masks: join(root, 'SegmentationClassAug'),
  };
  await requireFiles(folders.images, ids, '.jpg');
  await requireFiles(folders.masks, ids, '.png');
  const labels = await readVocLabels(ids, 'xml', folders);
  await writeLabelFile(join(root, 'cls_labels_onehot.npy'), labels, vocClasses);
  await writeLabelFile(join(root, 'cls_labels.json'), labels, vocClasses);
  const list = join(root, 'ImageSets', 'Segmentation', 'train_aug.txt');
  await writeWhole(list, [new TextEncoder().encode(`${trainAug.join('\n')}\n`)]);
  return lengths;
}

/**
 * Makes sure that the lists have as many images as the owners'.
 *
 * @throws One line.
 */
export function assertWhole(root: string, { train_aug, train, val }: VocListLengths): void {
  const counts = [
    ['train', train, vocCounts.train],
    ['val', val, vocCounts.val],
    ['train_aug', train_aug, vocCounts.trainAug],
  ] as const;
  for (const [list, found, expected] of counts) {
    if (found !== expected) {
      throw new UserError(
        `${root}: list ${list} has ${found} images instead of ${expected}: an archive is not the owners' whole one; set partial (--partial) where a part is meant`,
      );
    }
  }
}
