import type { StepConfig } from '../config/step-config.js';
import type { ParameterGroup } from '../optimizer/parameter-groups.js';

/** The encoder learns at the base rate, everything on top of it ten times as fast (the authors' four groups in two). */
export function tocoParameterGroups({ optimizer }: Pick<StepConfig, 'optimizer'>): ParameterGroup[] {
  const { weightDecay, headLrScale } = optimizer;
  return [
    { name: 'encoder', prefixes: ['encoder'], lrScale: 1, weightDecay },
    {
      name: 'heads',
      prefixes: ['classifier', 'aux_classifier', 'decoder', 'proj_head'],
      lrScale: headLrScale,
      weightDecay,
    },
  ];
}
