import type { PositionOptions } from './positions.js';
import { vit, type Vit, type VitOptions } from './vit.js';

/** What may be chosen of a public variant. */
export interface VariantOptions {
  /** Pixels per token, 16 by default. */
  readonly patchSize?: number | undefined;
  /** Pixels of the images that the weights were trained with, 224 by default; images of any other size can be applied. */
  readonly imageSize?: number | undefined;
  /** Block whose output gives the auxiliary tokens: from 0, or negative from the end, by default −3. */
  readonly auxBlock?: number | undefined;
  /** Number of blocks, the first ones of the pretrained network's; by default all of them. */
  readonly depth?: number | undefined;
  /** How positions are brought to another grid, see {@link VitOptions}. */
  readonly positionResizing?: PositionOptions['resizing'] | undefined;
}

const tiny = { dim: 192, depth: 12, heads: 3 };
const small = { dim: 384, depth: 12, heads: 6 };
const base = { dim: 768, depth: 12, heads: 12 };
const large = { dim: 1024, depth: 24, heads: 16 };

/** Patch and image sizes `patch@image` for which public weights exist, by timm's name of the family. */
const released: Readonly<Record<string, readonly string[]>> = {
  vit_tiny: ['16@224', '16@384'],
  vit_small: ['16@224', '16@384'],
  vit_base: ['16@224', '16@384', '8@224'],
  vit_large: ['16@224', '16@384'],
  deit_tiny: ['16@224'],
  deit_small: ['16@224'],
  deit_base: ['16@224', '16@384'],
  dino_vit_small: ['16@224', '8@224'],
  dino_vit_base: ['16@224', '8@224'],
};

function variant(
  family: string,
  sizes: Pick<VitOptions, 'dim' | 'depth' | 'heads'>,
  { patchSize = 16, imageSize = 224, ...options }: VariantOptions = {},
): Vit {
  const choices = released[family]!;
  if (!choices.includes(`${patchSize}@${imageSize}`)) {
    throw new Error(
      `${family}: no public weights for patch ${patchSize} at ${imageSize}; there are ${choices.join(', ')}; use vit() for other sizes`,
    );
  }
  const dino = family.startsWith('dino_');
  const name = `${dino ? family.slice(5) : family}_patch${patchSize}_${imageSize}${dino ? '.dino' : ''}`;
  const { depth = sizes.depth, auxBlock, positionResizing } = options;
  return vit({ ...sizes, depth, name, patchSize, imageSize, auxBlock, positionResizing });
}

/** ViT-Ti: 192-dimensional tokens, 12 blocks, 3 heads; patch 16 at 224 or 384 (timm `vit_tiny_patch16_*`). */
export function vitTiny(options?: VariantOptions): Vit {
  return variant('vit_tiny', tiny, options);
}

/** ViT-S: 384-dimensional tokens, 12 blocks, 6 heads; patch 16 at 224 or 384 (timm `vit_small_patch16_*`). */
export function vitSmall(options?: VariantOptions): Vit {
  return variant('vit_small', small, options);
}

/**
 * ViT-B: 768-dimensional tokens, 12 blocks, 12 heads; patch 16 at 224 or 384, patch 8 at 224 (timm `vit_base_patch*_*`).
 * Pretrained on ImageNet-21k it gives the paper's daggered rows.
 *
 * @throws when no public weights exist for the sizes
 * @example
 * ```ts
 * const backbone = vitBase({ imageSize: 384 });
 * ```
 */
export function vitBase(options?: VariantOptions): Vit {
  return variant('vit_base', base, options);
}

/** ViT-L: 1024-dimensional tokens, 24 blocks, 16 heads; patch 16 at 224 or 384 (timm `vit_large_patch16_*`). */
export function vitLarge(options?: VariantOptions): Vit {
  return variant('vit_large', large, options);
}

/** DeiT-Ti, the sizes of {@link vitTiny} trained on ImageNet-1k; patch 16 at 224 (timm `deit_tiny_patch16_224`). */
export function deitTiny(options?: VariantOptions): Vit {
  return variant('deit_tiny', tiny, options);
}

/** DeiT-S, the sizes of {@link vitSmall} trained on ImageNet-1k; patch 16 at 224 (timm `deit_small_patch16_224`). */
export function deitSmall(options?: VariantOptions): Vit {
  return variant('deit_small', small, options);
}

/** DeiT-B, the sizes of {@link vitBase} trained on ImageNet-1k; patch 16 at 224 or 384 (timm `deit_base_patch16_*`). */
export function deitBase(options?: VariantOptions): Vit {
  return variant('deit_base', base, options);
}

/** DINO's ViT-S, trained without labels; patch 16 or 8 at 224 (timm `vit_small_patch*_224.dino`). */
export function dinoVitSmall(options?: VariantOptions): Vit {
  return variant('dino_vit_small', small, options);
}

/** DINO's ViT-B, trained without labels; patch 16 or 8 at 224 (timm `vit_base_patch*_224.dino`). */
export function dinoVitBase(options?: VariantOptions): Vit {
  return variant('dino_vit_base', base, options);
}
