import type { TensorTree } from '@toco/core';
import type { SampleList } from '@toco/datasets';
import type { ApplyOptions, Network } from '@toco/network';
import { liveSegmenter, type Prepare, type Segmenter, validationProtocol } from '@toco/segmenter';
import type { Config } from '../config/config.js';

/** What a validation asks of a network. */
export const validationOutputs = ['labels', 'cam', 'camAux', 'scores', 'similarity'] as const;

/** What images of a validation go through. */
export type ValidationSegmenter = Segmenter<(typeof validationOutputs)[number]>;

/** Images in one forward pass of a validation that has as many. */
export const validationBatch = 4;

/** Images in its passes: a batch is filled up to its size, and a short list need not pay for what fills it. */
export function imagesPerPass(
  list: SampleList,
  { evaluation: { limit = Infinity } }: Pick<Config, 'evaluation'>,
): number {
  return Math.max(1, Math.min(validationBatch, limit, list.length));
}

/** The protocol `fast` with a run's sizes, on the network that the run is training. */
export function validationSegmenter<P extends TensorTree>(
  config: Config,
  network: Network<P>,
  {
    list,
    prepare,
    forward,
  }: { readonly list: SampleList; readonly prepare: Prepare<P>; readonly forward: ApplyOptions },
): ValidationSegmenter {
  return liveSegmenter(network, prepare, {
    ...{ protocol: validationProtocol(config), outputs: validationOutputs, forward },
    batchSize: imagesPerPass(list, config),
  });
}
