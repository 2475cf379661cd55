import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { type Dataset, checkClasses, sampleList } from '../dataset/dataset.js';
import { vocClasses } from './voc-classes.js';
import { readVocList, requireFiles } from './voc-list.js';
import { readVocLabels } from './voc-labels.js';
import { UserError } from '@toco/files';

/** Options of {@link voc}. */
export interface VocOptions {
  /** Foreground classes in the order of their labels; VOC's 20 by default. */
  readonly classes?: readonly string[] | undefined;
  /** List of the training images: `ImageSets/Segmentation/NAME.txt`. */
  readonly trainList?: string | undefined;
  /** List of the validation images. */
  readonly valList?: string | undefined;
  /**
   * Where image-level labels come from: the path of a label file (`cls_labels_onehot.npy`, or JSON), `'xml'` (VOC's
   * annotations) or `'masks'`. By default `cls_labels_onehot.npy` in `root` if it is there, else the annotations.
   */
  readonly labels?: string | undefined;
  /** Folder of the masks; by default `SegmentationClassAug` within `root`. */
  readonly masks?: string | undefined;
}

/**
 * A data set in the layout of PASCAL VOC: `JPEGImages/ID.jpg`, `SegmentationClassAug/ID.png`,
 * `ImageSets/Segmentation/LIST.txt`.
 *
 * @param root - The folder that holds them, usually `VOCdevkit/VOC2012`.
 * @throws One line for an empty list of classes; from `list()` for a missing list, image or label.
 *
 * @example
 * const data = voc('VOCdevkit/VOC2012', { labels: 'cls_labels_onehot.npy' });
 * const list = await data.list('train_aug');
 * console.log(list.length, list.sample(0).id);
 */
export function voc(root: string, options: VocOptions = {}): Dataset {
  const { trainList = 'train_aug', valList = 'val', masks = join(root, 'SegmentationClassAug') } = options;
  const classes = checkClasses(root, options.classes ?? vocClasses);
  const folders = { root, classes, images: join(root, 'JPEGImages'), masks };
  return {
    name: 'voc',
    classes,
    lists: { train: trainList, val: valList },
    async list(name) {
      const ids = await readVocList(root, name);
      await requireFiles(folders.images, ids, '.jpg');
      const source = options.labels ?? defaultLabels(root);
      const table = await readVocLabels(ids, source, folders);
      const samples = ids.map((id) => {
        const labels = table.get(id);
        if (labels === undefined)
          throw new UserError(`${source}: no labels for ${id}, which the list ${name} names`);
        return {
          id,
          image: { path: join(folders.images, `${id}.jpg`) },
          labels,
          mask: { path: join(folders.masks, `${id}.png`) },
        };
      });
      return sampleList(name, classes, samples);
    },
  };
}

function defaultLabels(root: string): string {
  const file = join(root, 'cls_labels_onehot.npy');
  if (existsSync(file)) return file;
  if (existsSync(join(root, 'Annotations'))) return 'xml';
  throw new UserError(
    `${root}: no image-level labels; put cls_labels_onehot.npy there, or say where they are: data.labels=FILE, "xml" or "masks" (toco check: --labels)`,
  );
}
