import type { Backbone } from '@toco/backbone';
import { flattenTree, type OddSizes, type TensorTree } from '@toco/core';
import type { Network } from './network.js';
import type { NetworkParams } from './params.js';

/** The sizes of a run, and the scales that its CAMs are computed at. */
export interface ScaledSizes {
  readonly views: { readonly cropSize: number };
  readonly evaluation: { readonly size: number };
  readonly cam: { readonly scales: readonly number[] };
  readonly behavior: { readonly oddSizes: OddSizes };
}

/** How far from a size a fitting one is looked for, in patches. */
const reach = 16;

/** Sides that a network sees at every scale of its CAMs. */
const sides = {
  'views.cropSize': (config: ScaledSizes): number => config.views.cropSize,
  'evaluation.size': (config: ScaledSizes): number => config.evaluation.size,
} as const;

/**
 * Sizes that are whole patches as they are and not at every scale of the CAM, one line each, where `behavior.oddSizes` is `reference`: a
 * backbone then drops (or pads) what is left of a patch, so the CAM of that scale is stretched and lies beside the objects, the
 * more the further from the upper left corner.
 */
export function unevenScales(
  config: ScaledSizes,
  { name, stride }: Pick<Backbone, 'name' | 'stride'>,
  keys: readonly (keyof typeof sides)[] = ['views.cropSize', 'evaluation.size'],
): string[] {
  const rest = (size: number, scale: number): number => Math.floor(size * scale) % stride;
  if (config.behavior.oddSizes === 'corrected') return [];
  const { scales } = config.cam;
  return keys.flatMap((key) => {
    const size = sides[key](config);
    const uneven = scales.filter((scale) => rest(size, scale) !== 0);
    if (uneven.length === 0) return [];
    const scaled = uneven.map((scale) => `${Math.floor(size * scale)} at scale ${scale}`).join(', ');
    const shift = Math.max(
      ...uneven.map((scale) => Math.min(rest(size, scale), stride - rest(size, scale)) / scale),
    );
    const fits = (side: number): boolean => side > 0 && scales.every((scale) => rest(side, scale) === 0);
    const near = Array.from({ length: reach }, (_, i) => (i + 1) * stride);
    const good = [near.map((step) => size - step).find(fits), near.map((step) => size + step).find(fits)];
    const choice = good.filter((side) => side !== undefined).join(' or ');
    return [
      `Warning: ${key} ${size} is ${scaled}, no multiple of the patch size ${stride} of ${name}: CAMs of that scale are shifted by up to ${Math.round(shift)} pixels. ${choice === '' ? 'Choose other cam.scales' : `Choose ${choice}`}, or set behavior.oddSizes=corrected.`,
    ];
  });
}

/** Says that nothing of the backbone is trained, where that is so: meant or not, it should not go unseen. */
export function frozenBackbone<P extends TensorTree>(
  { backbone, trainable }: Pick<Network<P>, 'backbone' | 'trainable'>,
  params: NetworkParams<P>,
): string[] {
  const paths = [...flattenTree({ encoder: params.encoder }).keys()];
  return paths.some(trainable)
    ? []
    : [`Backbone ${backbone.name} is frozen: only the heads are trained, on the features as they are.`];
}
