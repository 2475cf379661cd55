import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { coco } from '../coco/coco.js';
import type { Dataset } from '../dataset/dataset.js';
import { imageFolder } from '../folder/image-folder.js';
import { voc } from '../voc/voc.js';
import { UserError } from '@toco/files';

/** The layouts of data sets that are known. */
export type DatasetLayout = 'voc' | 'coco' | 'folder';

/**
 * The layout of a folder: COCO's of 2014 where its two folders of photographs or of masks are, VOC's where there are lists and
 * `JPEGImages`, or `VOCdevkit`; else, and where color masks have a `labelmap.txt`, a folder of one's own, whichever tool annotated it.
 */
export function datasetLayout(root: string): DatasetLayout {
  const has = (...parts: string[]): boolean => existsSync(join(root, ...parts));
  if (has('SegmentationClass', 'train2014') || (has('train2014') && has('val2014'))) return 'coco';
  if (has('labelmap.txt')) return 'folder';
  return has('VOCdevkit') || (has('ImageSets', 'Segmentation') && has('JPEGImages')) ? 'voc' : 'folder';
}

/** Options of {@link datasetAt}: those of the layout's own function. */
export interface DatasetAtOptions {
  /** By default told by the folder. */
  readonly layout?: DatasetLayout | undefined;
  /** Where image-level labels come from. */
  readonly labels?: string | undefined;
  /** Foreground classes in the order of their labels. */
  readonly classes?: readonly string[] | undefined;
  /** Folder of the photographs; not for `voc`. */
  readonly images?: string | undefined;
  /** Folder of the masks; not for `coco`. */
  readonly masks?: string | undefined;
  /** Share of the images for validation; for `folder` only. */
  readonly valFraction?: number | undefined;
}

const layouts = {
  voc: { open: voc, takes: ['labels', 'classes', 'masks'] },
  coco: { open: coco, takes: ['labels', 'classes', 'images'] },
  folder: { open: imageFolder, takes: ['labels', 'classes', 'images', 'masks', 'valFraction'] },
} as const;

/**
 * The data set in a folder, whichever layout it has.
 *
 * @throws One line when there is none, or it takes no such option.
 *
 * @example
 * const data = await datasetAt('VOCdevkit/VOC2012');
 */
export async function datasetAt(root: string, options: DatasetAtOptions = {}): Promise<Dataset> {
  if (!existsSync(root)) throw new UserError(`${root}: no such folder; name the folder of the data set`);
  if (!statSync(root).isDirectory())
    throw new UserError(`${root}: not a folder; name the folder of the data set`);
  const { layout = datasetLayout(root), ...others } = options;
  const { open, takes } = layouts[layout];
  const given = Object.entries(others).filter(([, value]) => value !== undefined);
  const refused = given.find(([name]) => !takes.some((taken) => taken === name))?.[0];
  if (refused !== undefined)
    throw new UserError(
      `${root}: ${refused} has no effect in the layout ${layout}, which takes ${takes.join(', ')}`,
    );
  return open(root, Object.fromEntries(given));
}
