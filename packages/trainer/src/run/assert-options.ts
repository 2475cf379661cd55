import { assertKeys } from '@toco/core';
import type { Enrichment } from '@toco/datasets';
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
 * @throws one line: an unknown option with the nearest known one, a part of another kind, a configuration without its
 *   defaults, no folder
 */
export function assertTrainOptions(config: Config, options: TrainOptions): void {
  asUserError(() => {
    assertKeys('train', options, known);
  });
  assertOwnParts(options);
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

/** Throws one line unless parts of one's own are what they are called. */
function assertOwnParts(options: TrainOptions): void {
  const { enrichment, backbone, data } = options;
  for (const name of ['network', 'onIteration', 'onPanel', 'print'] as const) {
    const part: unknown = options[name];
    if (part !== undefined && typeof part !== 'function')
      throw new UserError(`train: ${name} is ${kindOf(part)}, not a function; give one.`);
  }
  if (backbone !== undefined && typeof (backbone as Partial<typeof backbone> | null)?.apply !== 'function')
    throw new UserError(
      `train: backbone is ${kindOf(backbone)} without apply(); give a Backbone, or set backbone.name.`,
    );
  if (data !== undefined && typeof (data as Partial<typeof data> | null)?.list !== 'function')
    throw new UserError(
      `train: data is ${kindOf(data)} without list(); give a Dataset, such as voc('VOCdevkit/VOC2012').`,
    );
  if (enrichment !== undefined) assertEnrichment(enrichment);
}

/** What a loader's thread gets is copied to it: a module's address, names, plain values. */
function assertEnrichment(enrichment: Enrichment): void {
  if (typeof (enrichment as unknown) !== 'object' || (enrichment as unknown) === null)
    throw new UserError(
      `train: enrichment is ${kindOf(enrichment)}; name a module and what it exports: { module, export }.`,
    );
  asUserError(() => {
    assertKeys('train: enrichment', enrichment, ['module', 'export', 'options']);
  });
  for (const name of ['module', 'export'] as const) {
    const value: unknown = enrichment[name];
    const url = value instanceof URL ? ', such as its href' : '';
    if (typeof value !== 'string')
      throw new UserError(`train: enrichment.${name} is ${kindOf(value)}; give text${url}.`);
  }
  try {
    structuredClone(enrichment.options);
  } catch (error) {
    throw new UserError(
      `train: enrichment.options holds what no thread can be sent (${(error as Error).message}); give plain values.`,
      { cause: error },
    );
  }
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
