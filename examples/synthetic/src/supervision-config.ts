import type { ConfigInput } from '@toco/trainer';
import { settings as toco } from './toco-config.js';

/** What a network may be taught by: the four recipes of examples/voc-train, at the size of the scenes. */
export const supervisions = ['image labels', 'some masks', 'pseudo labels', 'all masks'] as const;

/** One of {@link supervisions}. */
export type Supervision = (typeof supervisions)[number];

const segAlone = [{ from: 0, weights: { cls: 0, clsAux: 0, ptc: 0, ctc: 0, seg: 1, reg: 0 } }];

/**
 * The configuration of a run.
 *
 * @param masks - for `some masks` the file with the ids of those images, for `pseudo labels` the folder of label images
 */
export function supervisionConfig(supervision: Supervision, masks: string): ConfigInput {
  switch (supervision) {
    case 'image labels':
      return toco;
    case 'some masks':
      return { ...toco, data: { trainMasks: masks } };
    case 'pseudo labels':
      return { ...toco, phases: segAlone, data: { trainMasks: 'all', trainMaskFolder: masks } };
    case 'all masks':
      return { ...toco, phases: segAlone, data: { trainMasks: 'all' } };
  }
}
