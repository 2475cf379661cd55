import type { TensorTree } from '@toco/core';
import type { ApplyOptions, Network } from '@toco/network';
import { liveEngine, type Prepare } from '../passes/live-engine.js';
import { type Segmenter, segmenterOn, type StreamOptions } from './segmenter.js';
import type { SegmenterOutput } from '../finish/segmenter-image.js';

/**
 * A segmenter on a network that is being trained: each pass sees the parameters of its moment.
 *
 * @throws what {@link segmenter} throws
 * @example
 * ```ts
 * const watched = liveSegmenter(network, (pass) => stepper.inference(pass), { outputs: ['labels'] });
 * ```
 */
export function liveSegmenter<P extends TensorTree, const O extends SegmenterOutput = 'labels' | 'scores'>(
  network: Network<P>,
  prepare: Prepare<P>,
  {
    forward,
    ...options
  }: StreamOptions<O> & {
    /** Reaches the backbone in every pass. */
    readonly forward?: ApplyOptions | undefined;
  } = {},
): Segmenter<O> {
  return segmenterOn(liveEngine({ network, prepare }, forward), options, network);
}
