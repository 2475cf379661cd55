import { syntheticScenes, voc, type Dataset } from '@toco/datasets';
import type { Config } from '../config/config.js';

/**
 * The data set that a configuration names.
 *
 * @throws one line where it lacks a folder, or is not there
 */
export function openDataset({ data }: Pick<Config, 'data'>): Dataset {
  const { root, train, val, labels, synthetic } = data;
  if (data.dataset === 'synthetic') return syntheticScenes(synthetic);
  if (root === undefined) {
    throw new Error(
      `data.root is missing: name the folder of the data set, e.g. --set data.root=VOCdevkit/VOC2012.`,
    );
  }
  return voc(root, { trainList: train, valList: val, ...(labels !== undefined && { labels }) });
}
