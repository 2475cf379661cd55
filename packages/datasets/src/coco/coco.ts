import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { checkClasses, sampleList, type Dataset } from '../dataset/dataset.js';
import { readLabelFile } from '../annotations/label-file.js';
import { preparedResult } from '../prepare/preparation-state.js';
import { readVocList, requireFiles } from '../voc/voc-list.js';
import { cocoClasses } from './coco-classes.js';
import {
  cocoMaskFolder,
  cocoSplits,
  cocoStatePath,
  isPreparedCocoState,
  type CocoList,
} from './coco-layout.js';
import { UserError } from '@toco/files';

/** Options of {@link coco}. */
export interface CocoOptions {
  /** Foreground classes in the order of their labels; COCO's 80 by default. */
  readonly classes?: readonly string[] | undefined;
  /** A label file instead of `cls_labels_onehot.npy` in the folder. */
  readonly labels?: string | undefined;
  /** Folder of `train2014` and `val2014`; by default what the preparation found. */
  readonly images?: string | undefined;
}

/**
 * COCO 2014 as {@link prepareCoco} leaves it: lists `train` and `val` of the images with objects, masks in
 * `SegmentationClass/{train2014,val2014}`, labels in `cls_labels_onehot.npy`.
 *
 * @throws One line from `list()` for a folder that was not prepared, a damaged `preparation.json`, a missing list, image or label.
 *
 * @example
 * const list = await coco('coco').list('val');
 * console.log(list.length, list.sample(0).id); // 40137 'COCO_val2014_000000000042'
 */
export function coco(root: string, options: CocoOptions = {}): Dataset {
  const classes = checkClasses(root, options.classes ?? cocoClasses);
  return {
    name: 'coco',
    classes,
    lists: { train: 'train', val: 'val' },
    async list(name) {
      if (!(name in cocoSplits))
        throw new UserError(`${root}: there is no list "${name}"; there are train and val`);
      if (!existsSync(join(root, 'ImageSets')))
        throw new UserError(`${root}: the folder is not prepared; run toco prepare coco ${root}`);
      const list = name as CocoList;
      await requireClasses(root, classes);
      const ids = await readVocList(root, list);
      const images =
        options.images === undefined
          ? await preparedImages(root, list)
          : join(options.images, cocoSplits[list]);
      await requireFiles(images, ids, '.jpg');
      const source = options.labels ?? join(root, 'cls_labels_onehot.npy');
      const table = await readLabelFile(source, classes);
      const masks = cocoMaskFolder(root, list);
      const samples = ids.map((id) => {
        const labels = table.get(id);
        if (labels === undefined)
          throw new UserError(`${source}: no labels for ${id}, which the list ${name} names`);
        return {
          id,
          image: { path: join(images, `${id}.jpg`) },
          labels,
          mask: { path: join(masks, `${id}.png`) },
        };
      });
      return sampleList(name, classes, samples);
    },
  };
}

/** @throws One line where the folder was prepared from other categories than those that count. */
async function requireClasses(root: string, classes: readonly string[]): Promise<void> {
  const prepared = await preparedResult(cocoStatePath(root), isPreparedCocoState);
  if (prepared === undefined || prepared.classes.join('\n') === classes.join('\n')) return;
  throw new UserError(
    `${root}: was prepared from ${prepared.classes.length} categories (${prepared.classes.slice(0, 3).join(', ')}, …), not from the ${classes.length} that count here; name them all in data.classes, in this order`,
  );
}

/** The folder of photographs that the preparation found, or the one within `root`. */
async function preparedImages(root: string, list: CocoList): Promise<string> {
  const prepared = await preparedResult(cocoStatePath(root), isPreparedCocoState);
  const folder = prepared?.images[list] ?? cocoSplits[list];
  return isAbsolute(folder) ? folder : join(root, folder);
}
