import type { ConfigInput } from '@toco/trainer';

/** The same run with every term on from the start, ended after a few iterations on a few scenes. */
export function shortened(settings: ConfigInput): ConfigInput {
  const phase = settings.phases!.at(-1)!;
  return {
    ...settings,
    batchSize: 2,
    data: { dataset: 'synthetic', synthetic: { train: 16, val: 6, size: 112 } },
    optimizer: { ...settings.optimizer, warmup: 1, iterations: 8 },
    phases: [{ ...phase, from: 0 }],
    evaluation: { every: 8 },
    run: { checkpointEvery: 2, logEvery: 1 },
  };
}
