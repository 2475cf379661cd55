import type { Dataset } from '../dataset/dataset.js';
import { syntheticScenes, type SyntheticScenesOptions } from '../synthetic/synthetic-scenes.js';
import { datasetAt, datasetLayout, type DatasetAtOptions, type DatasetLayout } from './dataset-at.js';
import { UserError } from '@toco/files';

/** A data set as a configuration names it. */
export interface DataSelection extends Omit<DatasetAtOptions, 'layout'> {
  readonly dataset?: DatasetLayout | 'synthetic' | undefined;
  readonly root?: string | undefined;
  readonly synthetic?: SyntheticScenesOptions;
  /** Names of the lists; by default the data set's own. */
  readonly train?: string | undefined;
  readonly val?: string | undefined;
}

/**
 * The data set that a configuration names, with the lists that it names.
 *
 * @throws one line where it lacks a folder, is not there, or has no use for a key that is set
 */
export async function openDataset({ data }: { readonly data: DataSelection }): Promise<Dataset> {
  const { dataset: layout, root, synthetic, labels, classes, images, masks, valFraction } = data;
  const parts = { labels, classes, images, masks, valFraction };
  let dataset: Dataset;
  if (layout === 'synthetic') {
    const unused = Object.entries({ root, ...parts }).find(([, value]) => value !== undefined)?.[0];
    if (unused !== undefined)
      throw new UserError(
        `data.${unused} has no effect for synthetic scenes; remove it, or name the layout of your data, such as data.dataset=folder.`,
      );
    dataset = syntheticScenes(synthetic);
  } else {
    if (root === undefined) {
      throw new UserError(
        `data.root is missing: name the folder of the data set, e.g. --data VOCdevkit/VOC2012.`,
      );
    }
    if (layout === 'voc' && datasetLayout(root) !== 'voc') {
      throw new UserError(
        `${root}: is not laid out like VOCdevkit/VOC2012; remove data.dataset=voc, and the layout is detected.`,
      );
    }
    dataset = await datasetAt(root, { layout, ...parts });
  }
  const { train = dataset.lists.train, val = dataset.lists.val } = data;
  return { ...dataset, lists: { train, val } };
}
