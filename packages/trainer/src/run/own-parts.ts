import type { Config } from '../config/config.js';
import type { TrainOptions } from './train.js';

/**
 * Names of the functions of one's own that a run is trained with. A checkpoint can hold none of them: what is compared is whether they
 * are given. Terms are not among them, since phases name those that there must be.
 */
export function ownParts(
  config: Config,
  options: Pick<TrainOptions, 'network' | 'targets' | 'refine' | 'enrichment'>,
): string[] {
  const { network = config.network.module, targets, refine, enrichment } = options;
  return Object.entries({ network, targets, refine, enrichment })
    .filter(([, part]) => part !== undefined)
    .map(([name]) => name);
}
