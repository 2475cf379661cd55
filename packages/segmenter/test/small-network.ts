import { vit, type VitParams } from '@toco/backbone';
import { createNetwork, type Network } from '@toco/network';

/** A network small enough for tests, with everything that a large one has. */
export function smallNetwork(): Network<VitParams> {
  const backbone = vit({ imageSize: 64, patchSize: 8, dim: 24, depth: 4, heads: 3 });
  return createNetwork({
    backbone,
    numClasses: 5,
    decoderDim: 16,
    projection: { hidden: 32, bottleneck: 12, out: 32 },
  });
}
