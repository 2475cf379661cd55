import type { Config } from '../config/config.js';
import type { TrainOptions } from './train.js';

/**
 * Names of the functions and objects of one's own that a run is trained with. A checkpoint can hold none of them: what is compared is whether they
 * are given. Terms are not among them, since phases name those that there must be.
 */
export function ownParts(
  config: Config,
  options: Pick<TrainOptions, 'backbone' | 'network' | 'targets' | 'refine' | 'enrichment'>,
): string[] {
  const { backbone = config.backbone.module, network = config.network.module } = options;
  const { targets, refine, enrichment } = options;
  return Object.entries({ backbone, network, targets, refine, enrichment })
    .filter(([, part]) => part !== undefined)
    .map(([name]) => name);
}
