import type { Backbone } from '@toco/backbone';
import { BackboneError, createNetwork, type MakeNetwork, type Network } from '@toco/network';
import type { Config } from '../config/config.js';
import { UserError } from '@toco/files';
import { isBelow } from '@toco/method';
import { assertUnnamed, namedBackbone } from '@toco/weights';

/**
 * The network that a configuration describes, on the backbone that it names or on one of one's own.
 *
 * @throws one line where a size is no multiple of the backbone's patch size
 */
export function buildNetwork(
  config: Config,
  {
    numClasses,
    backbone,
    network: make = createNetwork,
  }: {
    numClasses: number;
    /** Takes the place of the one that the configuration names. */
    backbone?: Backbone | undefined;
    /** Makes the network in place of `createNetwork`. */
    network?: MakeNetwork | undefined;
  },
): Network {
  const { name, ...options } = config.backbone;
  if (backbone) assertUnnamed(backbone, options);
  const chosen = backbone ?? namedBackbone(name, options);
  const { cropSize } = config.views;
  for (const [key, size] of [
    ['views.cropSize', cropSize],
    ['localCrops.size', config.localCrops.size],
    ['evaluation.size', config.evaluation.size],
  ] as const) {
    assertMultiple(key, size, chosen);
  }
  const network = make({ backbone: chosen, numClasses, ...config.network });
  const { frozen } = config.network;
  return {
    ...network,
    trainable: (path) => network.trainable(path) && !frozen.some((prefix) => isBelow(path, prefix)),
    forward(...args) {
      try {
        return network.forward(...args);
      } catch (error) {
        if (error instanceof BackboneError) throw new UserError(error.message, { cause: error });
        throw error;
      }
    },
  };
}

/** Throws one line that names the nearest fitting ones unless images of a size are whole patches. */
export function assertMultiple(
  key: string,
  size: number,
  { name, stride }: Pick<Backbone, 'name' | 'stride'>,
): void {
  if (size % stride === 0) return;
  const [below, above] = [Math.floor(size / stride), Math.ceil(size / stride)];
  const near = [below, above].filter((count) => count > 0).map((count) => count * stride);
  throw new UserError(
    `${key} ${size} is not a multiple of the patch size ${stride} of ${name}; choose ${near.join(' or ')}.`,
  );
}
