import { fixture, sharedGoldens } from '@toco/testing';
import type * as tf from '@tensorflow/tfjs-core';

/** Where expected labels come from: our fixtures always, the reference's goldens where the shared folder exists. */
export function labelSources(): (readonly [string, Record<string, tf.Tensor>])[] {
  const goldens = sharedGoldens('pseudo_labels');
  if (!goldens)
    console.warn('goldens are missing (no shared folder): only the synthetic fixtures are checked');
  return [['fixtures', fixture('pseudo_labels')], ...(goldens ? ([['goldens', goldens]] as const) : [])];
}

/**
 * Steps of the recorded training runs: inputs, CAMs and what they gave. Of the corrected run only the first, which had
 * the same weights and so the same CAMs; its later CAMs were not recorded.
 */
export function trajectorySteps(behavior: 'reference' | 'corrected'): Record<string, tf.Tensor>[] {
  const inputs = fixture('trajectory');
  const outputs = behavior === 'corrected' ? fixture('trajectory_corrected') : inputs;
  return (behavior === 'corrected' ? [0] : [0, 1, 2]).map((step) => {
    const prefix = `step${step}.`;
    const ofStep = (all: Record<string, tf.Tensor>): [string, tf.Tensor][] =>
      Object.entries(all)
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, tensor]) => [key.slice(prefix.length), tensor]);
    return Object.fromEntries([...ofStep(inputs), ...ofStep(outputs)]);
  });
}
