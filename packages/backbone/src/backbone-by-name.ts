import {
  deitBase,
  deitSmall,
  deitTiny,
  dinoVitBase,
  dinoVitSmall,
  vitBase,
  vitLarge,
  vitSmall,
  vitTiny,
  type VariantOptions,
} from './variants.js';
import { clipVitBase } from './clip.js';
import { dinov2VitBase, dinov2VitSmall } from './dinov2.js';
import { swinTiny } from './swin-tiny.js';
import { vit, type Vit } from './vit.js';
import type { Swin } from './swin.js';
import { nearestName } from '@toco/core';

/** What may be chosen of a backbone that is named. */
export interface NamedBackboneOptions extends Pick<VariantOptions, 'depth' | 'positionResizing'> {
  /** Block whose output gives the auxiliary tokens: from 0, or negative from the end. */
  readonly auxBlock: number;
}

type Make = (options: NamedBackboneOptions) => Vit | Swin;

/** The backbones that a configuration can name; any other comes in as an object. */
const backbones: Readonly<Record<string, Make>> = {
  vit_tiny_patch16_224: vitTiny,
  vit_tiny_patch16_384: (options) => vitTiny({ ...options, imageSize: 384 }),
  vit_small_patch16_224: vitSmall,
  vit_small_patch16_384: (options) => vitSmall({ ...options, imageSize: 384 }),
  vit_base_patch16_224: vitBase,
  vit_base_patch16_384: (options) => vitBase({ ...options, imageSize: 384 }),
  vit_base_patch8_224: (options) => vitBase({ ...options, patchSize: 8 }),
  vit_large_patch16_224: vitLarge,
  vit_large_patch16_384: (options) => vitLarge({ ...options, imageSize: 384 }),
  deit_tiny_patch16_224: deitTiny,
  deit_small_patch16_224: deitSmall,
  deit_base_patch16_224: deitBase,
  deit_base_patch16_384: (options) => deitBase({ ...options, imageSize: 384 }),
  'vit_small_patch16_224.dino': dinoVitSmall,
  'vit_small_patch8_224.dino': (options) => dinoVitSmall({ ...options, patchSize: 8 }),
  'vit_base_patch16_224.dino': dinoVitBase,
  'vit_base_patch8_224.dino': (options) => dinoVitBase({ ...options, patchSize: 8 }),
  vit_small_patch14_dinov2: dinov2VitSmall,
  vit_small_patch14_reg4_dinov2: (options) => dinov2VitSmall({ ...options, registers: true }),
  vit_base_patch14_dinov2: dinov2VitBase,
  vit_base_patch14_reg4_dinov2: (options) => dinov2VitBase({ ...options, registers: true }),
  vit_base_patch16_clip_quickgelu_224: clipVitBase,
  vit_base_patch16_clip_224: (options) => clipVitBase({ ...options, activation: 'gelu' }),
  swin_tiny_patch4_window7_224: withoutVitOptions,
  // small enough to learn the synthetic scenes from scratch in minutes
  vit_mini_patch8_96: ({ depth = 8, ...options }) =>
    vit({ name: 'vit_mini_patch8_96', imageSize: 96, patchSize: 8, dim: 96, heads: 3, depth, ...options }),
};

function withoutVitOptions({ auxBlock, depth, positionResizing }: NamedBackboneOptions): Swin {
  if (depth !== undefined || positionResizing !== undefined)
    throw new Error(
      `swin_tiny_patch4_window7_224: ${depth === undefined ? 'has no positions to resize' : 'has blocks in stages'}; leave backbone.${depth === undefined ? 'positionResizing' : 'depth'} out`,
    );
  return swinTiny({ auxBlock });
}

/**
 * The backbone of a timm name.
 *
 * @throws one line that names the nearest known one, or an option that it does not have
 */
export function backboneByName(name: string, options: NamedBackboneOptions): Vit | Swin {
  const make = Object.hasOwn(backbones, name) ? backbones[name] : undefined;
  if (make) return make(options);
  const near = nearestName(name, Object.keys(backbones));
  const hint = near ? `did you mean ${near}?` : `known are ${Object.keys(backbones).join(', ')}.`;
  throw new Error(`There is no backbone "${name}"; ${hint} For one of your own give an object.`);
}
