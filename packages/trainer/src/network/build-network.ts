import { type Backbone, backboneByName } from '@toco/backbone';
import { createNetwork, type Network } from '@toco/network';
import type { Config } from '../config/config.js';

/**
 * The network that a configuration describes, on the backbone that it names or on one of one's own.
 *
 * @throws one line where a size is no multiple of the backbone's patch size
 */
export function buildNetwork(
  config: Config,
  { numClasses, backbone }: { numClasses: number; backbone?: Backbone | undefined },
): Network {
  const chosen: Backbone = backbone ?? backboneByName(config.backbone.name, config.backbone);
  const { cropSize } = config.views;
  for (const [key, size] of [
    ['views.cropSize', cropSize],
    ['localCrops.size', config.localCrops.size],
    ['evaluation.size', config.evaluation.size],
  ] as const) {
    assertMultiple(key, size, chosen);
  }
  return createNetwork({ backbone: chosen, numClasses, ...config.network });
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
  throw new Error(
    `${key} ${size} is no multiple of the patch size ${stride} of ${name}; choose ${near.join(' or ')}.`,
  );
}
