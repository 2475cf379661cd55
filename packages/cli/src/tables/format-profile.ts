import type { TrainingProfile } from '../profile/profile-training.js';
import { formatStages } from '@toco/graph';

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
