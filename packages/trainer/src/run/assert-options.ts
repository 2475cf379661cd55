import { assertKeys } from '@toco/core';
import { UserError } from '@toco/files';
import { asUserError } from '../config/as-user-error.js';
import type { Config } from '../config/config.js';
import type { TrainOptions } from './train.js';

const known = Object.keys({
  ...{ folder: true, backbone: true, network: true, data: true, enrichment: true, resume: true },
  ...{ terms: true, targets: true, refine: true, cluster: true, signal: true, print: true },
  ...{ advice: true, onIteration: true, onPanel: true, report: true },
} satisfies Record<keyof TrainOptions, true>);

/**
 * Refuses what `train()` would leave out in silence, or fail of much later.
 *
 * @throws one line: an unknown option with the nearest known one, a configuration without its defaults, no folder
 */
export function assertTrainOptions(config: Config, options: TrainOptions): void {
  const { enrichment } = options;
  asUserError(() => {
    assertKeys('train', options, known);
    if (enrichment !== undefined)
      assertKeys('train: enrichment', enrichment, ['module', 'export', 'options']);
  });
  const needed = [
    'optimizer',
    'phases',
    'network',
    'backbone',
    'views',
    'run',
  ] as const satisfies readonly (keyof Config)[];
  const lacking = needed.find((key) => (config as Partial<Config>)[key] === undefined);
  if (lacking !== undefined)
    throw new UserError(
      `train: the configuration has no ${lacking}; fill in the defaults by parseConfig({ … }) or loadConfig(file).`,
    );
  if (typeof (options.folder as unknown) !== 'string')
    throw new UserError("train: folder is missing; name the run's, such as { folder: 'runs/mine' }.");
}
