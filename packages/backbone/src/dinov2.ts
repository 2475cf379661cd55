import type { VariantOptions } from './variants.js';
import { vit, type Vit, type VitOptions } from './vit.js';

/** What may be chosen of a public DINOv2 variant. */
export interface Dinov2Options extends Pick<VariantOptions, 'auxBlock' | 'depth' | 'positionResizing'> {
  /** Whether it is the variant with four register tokens. */
  readonly registers?: boolean | undefined;
}

function dinov2(
  family: string,
  sizes: Pick<VitOptions, 'dim' | 'depth' | 'heads'>,
  { registers = false, depth = sizes.depth, auxBlock, positionResizing = 'antialiased' }: Dinov2Options = {},
): Vit {
  return vit({
    ...{ ...sizes, depth },
    name: `${family}_patch14${registers ? '_reg4' : ''}_dinov2`,
    patchSize: 14,
    imageSize: 518,
    layerScale: 1e-5,
    registerTokens: registers ? 4 : 0,
    positionResizing,
    auxBlock,
  });
}

/**
 * DINOv2's ViT-S (Oquab et al., 2024), trained without labels: patch 14 at 518, layer scale, with or without four registers
 * (timm `vit_small_patch14_dinov2`, `vit_small_patch14_reg4_dinov2`).
 *
 * @example
 * ```ts
 * const backbone = dinov2VitSmall({ registers: true });
 * const { grid } = backbone.apply(backbone.init(0), images); // 448×448 pixels: [32,32]
 * ```
 */
export function dinov2VitSmall(options?: Dinov2Options): Vit {
  return dinov2('vit_small', { dim: 384, depth: 12, heads: 6 }, options);
}

/** DINOv2's ViT-B, like {@link dinov2VitSmall} (timm `vit_base_patch14_dinov2`, `vit_base_patch14_reg4_dinov2`). */
export function dinov2VitBase(options?: Dinov2Options): Vit {
  return dinov2('vit_base', { dim: 768, depth: 12, heads: 12 }, options);
}
