import {
  deitBase,
  deitSmall,
  deitTiny,
  dinoVitBase,
  dinoVitSmall,
  vit,
  vitBase,
  vitLarge,
  vitSmall,
  vitTiny,
  type Vit,
} from '@toco/backbone';
import { nearest } from '../cli/suggest.js';

type Make = (options: { auxBlock: number }) => Vit;

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
  // small enough to learn the synthetic scenes from scratch in minutes
  vit_mini_patch8_96: ({ auxBlock }) =>
    vit({ name: 'vit_mini_patch8_96', imageSize: 96, patchSize: 8, dim: 96, depth: 8, heads: 3, auxBlock }),
};

/**
 * The backbone of a timm name.
 *
 * @throws one line that names the nearest known one
 */
export function backboneByName(name: string, options: { auxBlock: number }): Vit {
  const make = backbones[name];
  if (make) return make(options);
  const near = nearest(name, Object.keys(backbones));
  const hint = near ? `did you mean ${near}?` : `known are ${Object.keys(backbones).join(', ')}.`;
  throw new Error(
    `backbone.name: there is no backbone "${name}"; ${hint} For one of your own use --backbone ./file.js.`,
  );
}
