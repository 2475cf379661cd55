import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { coco } from './coco/coco.js';
import type { Dataset } from './dataset.js';
import { imageFolder } from './folder/image-folder.js';
import { voc } from './voc/voc.js';

/** The layouts of data sets that are known. */
export type DatasetLayout = 'voc' | 'coco' | 'folder';

/**
 * The layout of a folder: COCO's where lists and `SegmentationClass/train2014` are, VOC's where there are lists and `JPEGImages`,
 * else a folder of one's own.
 */
export function datasetLayout(root: string): DatasetLayout {
  const has = (...parts: string[]): boolean => existsSync(join(root, ...parts));
  if (!has('ImageSets', 'Segmentation')) return 'folder';
  if (has('SegmentationClass', 'train2014')) return 'coco';
  return has('JPEGImages') ? 'voc' : 'folder';
}

/**
 * The data set in a folder, whichever layout it has.
 *
 * @param options `labels`: where image-level labels come from, as the layout's own function takes it
 * @throws One line when there is none.
 *
 * @example
 * const data = await datasetAt('VOCdevkit/VOC2012');
 */
export async function datasetAt(
  root: string,
  options: { readonly layout?: DatasetLayout; readonly labels?: string } = {},
): Promise<Dataset> {
  if (!existsSync(root)) throw new Error(`${root}: the folder does not exist`);
  const { layout = datasetLayout(root), labels } = options;
  const given = labels === undefined ? {} : { labels };
  if (layout === 'coco') return coco(root, given);
  return layout === 'voc' ? voc(root, given) : imageFolder(root, given);
}
