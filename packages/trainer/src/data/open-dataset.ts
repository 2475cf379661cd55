import { coco, imageFolder, syntheticScenes, voc, type Dataset } from '@toco/datasets';
import type { Config } from '../config/config.js';

/**
 * The data set that a configuration names. The names of the lists are those of VOC's layout; the others have `train` and `val`.
 *
 * @throws one line where it lacks a folder, or is not there
 */
export async function openDataset({ data }: Pick<Config, 'data'>): Promise<Dataset> {
  const { root, train, val, labels, synthetic } = data;
  if (data.dataset === 'synthetic') return syntheticScenes(synthetic);
  if (root === undefined) {
    throw new Error(
      `data.root is missing: name the folder of the data set, e.g. --set data.root=VOCdevkit/VOC2012.`,
    );
  }
  const given = labels === undefined ? {} : { labels };
  if (data.dataset === 'coco') return coco(root, given);
  if (data.dataset === 'folder') return imageFolder(root, given);
  return voc(root, { trainList: train, valList: val, ...given });
}
