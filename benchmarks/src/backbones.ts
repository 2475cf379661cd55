import {
  deitBase,
  deitSmall,
  deitTiny,
  vit,
  vitBase,
  vitLarge,
  vitSmall,
  vitTiny,
  type Vit,
} from '@toco/backbone';

const backbones: Readonly<Record<string, () => Vit>> = {
  deit_tiny_patch16_224: deitTiny,
  deit_small_patch16_224: deitSmall,
  deit_base_patch16_224: deitBase,
  vit_tiny_patch16_224: vitTiny,
  vit_small_patch16_224: vitSmall,
  vit_base_patch16_224: vitBase,
  vit_large_patch16_224: vitLarge,
  // for trying the benchmarks themselves
  vit_nano_patch16_96: () =>
    vit({ name: 'vit_nano_patch16_96', imageSize: 96, patchSize: 16, dim: 48, depth: 4, heads: 3 }),
  vit_mini_patch8_96: () =>
    vit({ name: 'vit_mini_patch8_96', imageSize: 96, patchSize: 8, dim: 96, depth: 8, heads: 3 }),
};

/**
 * The backbone of a timm name.
 *
 * @throws one line that lists the known ones
 */
export function backboneByName(name: string): Vit {
  const make = backbones[name];
  if (!make) throw new Error(`--backbone ${name}: known are ${Object.keys(backbones).join(', ')}.`);
  return make();
}
