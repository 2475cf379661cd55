import { assertKeys } from '@toco/core';
import { patchAffinity, spreadPlanes } from '@toco/cam';
import type { Refine } from './targets.js';

/**
 * Refines pixel labels by patch affinity, in place of PAR: the attention of the last blocks says which patches belong together.
 * Takes one more forward pass of the main views.
 *
 * Source: MCTformer (Xu et al., CVPR 2022); see `patchAffinity` of `@toco/cam`.
 *
 * @throws for numbers that are no positive integers; while the step is traced, where the backbone shows no attention among all its
 *   tokens, or has fewer blocks
 * @example
 * await train(config, { folder, refine: attentionRefine({ blocks: 3 }) });
 */
export function attentionRefine(
  options: {
    /** How many of the last blocks the attention is the mean of. */
    readonly blocks?: number | undefined;
    /** How often the affinity is applied. */
    readonly iterations?: number | undefined;
  } = {},
): Refine {
  assertKeys('attentionRefine', options, ['blocks', 'iterations']);
  const { blocks = 3, iterations = 1 } = options;
  for (const [name, value] of Object.entries({ blocks, iterations }))
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`attentionRefine: ${name} is ${String(value)}; give a positive integer.`);
  return (_images, planes, { network, params, batch, forward }) => {
    const { taps, grid } = network.forward(params, batch.images, { ...forward, taps: ['attention'] });
    const { name, classToken, prefixTokens = classToken === 'learned' ? 1 : 0 } = network.backbone;
    if (!taps?.attention)
      throw new Error(`attentionRefine: the backbone ${name} shows no attention; refine by something else.`);
    if (taps.attention.length < blocks)
      throw new Error(
        `attentionRefine: blocks is ${blocks}, and the backbone ${name} has ${taps.attention.length}; choose fewer.`,
      );
    const affinity = patchAffinity(taps.attention.slice(-blocks), { prefixTokens });
    return spreadPlanes(planes, affinity, { grid, iterations });
  };
}
