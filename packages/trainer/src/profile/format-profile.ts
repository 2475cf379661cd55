import Table from 'cli-table3';
import type { TrainingProfile } from '../run/profile-training.js';
import type { StageTime } from './stage-times.js';

/** A table of stages, each with its most expensive kinds of operations. */
export function formatStages(stages: readonly StageTime[]): string {
  const table = new Table({
    head: ['stage', 'ms', 'share', 'most of it in'],
    colAligns: ['left', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const { stage, milliseconds, share, kinds } of stages) {
    const most = kinds
      .slice(0, 3)
      .map((kind) => `${kind.kind} ${kind.milliseconds.toFixed(1)} (${kind.count}×)`);
    table.push([stage, milliseconds.toFixed(1), `${(100 * share).toFixed(1)} %`, most.join(', ')]);
  }
  const total = stages.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  table.push(['total', total.toFixed(1), '100.0 %', '']);
  return table.toString();
}

/** A profile as text: the stages, then whole iterations, then the loader. */
export function formatProfile(profile: TrainingProfile): string {
  const { stages, traced, iteration, loader, batchSize, terms, from } = profile;
  const { alone, beside, wait, workers } = loader;
  const seconds = (value: number): string => `${value.toFixed(3)} s`;
  const rate = (value: number): string => `${value.toFixed(1)} images/s`;
  return [
    `Phase from iteration ${from} on (${terms.join(', ')}), batches of ${batchSize}:`,
    formatStages(stages),
    'Kernels run side by side: their times may add up to more than an iteration takes.',
    `Iteration: ${seconds(iteration)}, ${rate(batchSize / iteration)}; the shortest of the traced runs ${seconds(traced)}.`,
    `Loader (${workers} ${workers === 1 ? 'worker' : 'workers'}): ${rate(alone)} alone, ${rate(beside)} beside the step; an iteration waited ${seconds(wait)} for its batch.`,
  ].join('\n');
}
