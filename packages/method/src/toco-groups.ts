import type { StepConfig } from './method-config.js';
import type { ParameterGroup } from './optimizer/parameter-groups.js';

/**
 * The encoder learns at the base rate, everything on top of it ten times as fast (the authors' four groups in two). Without a
 * trained parameter of the encoder, which is then frozen, it has no group.
 */
export function tocoParameterGroups(
  { optimizer }: Pick<StepConfig, 'optimizer'>,
  trained: readonly string[],
): ParameterGroup[] {
  const { weightDecay, headLrScale } = optimizer;
  const frozen = !trained.some((path) => path.startsWith('encoder.'));
  return [
    ...(frozen ? [] : [{ name: 'encoder', prefixes: ['encoder'], lrScale: 1, weightDecay }]),
    {
      name: 'heads',
      prefixes: ['classifier', 'aux_classifier', 'decoder', 'proj_head'],
      lrScale: headLrScale,
      weightDecay,
    },
  ];
}
