import { vit, type VitParams } from '@toco/backbone';
import { createNetwork, type Network } from '@toco/network';
import type { BenchmarkConfig } from './benchmark-config.js';

/** The network that a benchmark's configuration describes. */
export function buildNetwork({ network }: Pick<BenchmarkConfig, 'network'>): Network<VitParams> {
  const { name, image, patch, dim, depth, heads, auxBlock, classes, decoderDim, projection } = network;
  const backbone = vit({ name, imageSize: image, patchSize: patch, dim, depth, heads, auxBlock });
  return createNetwork({ backbone, numClasses: classes, decoderDim, projection });
}
