import { clipMean, clipStd } from '@toco/core';
import type { VariantOptions } from './variants.js';
import { vit, type Vit } from './vit.js';

/** What may be chosen of CLIP's visual tower. */
export interface ClipOptions extends Pick<VariantOptions, 'auxBlock' | 'depth' | 'positionResizing'> {
  /** That of the weights: `quickGelu`, the default, for OpenAI's, `gelu` for most that OpenCLIP trained (LAION, DataComp). */
  readonly activation?: 'gelu' | 'quickGelu' | undefined;
  /** Whether class token and patch tokens are mapped into the space of the texts, 512 numbers; not by default. */
  readonly projection?: boolean | undefined;
}

/**
 * The visual tower of CLIP's ViT-B/16 (Radford et al., ICML 2021), trained on images and their captions: patch 16 at 224, a norm before
 * the blocks (timm `vit_base_patch16_clip_quickgelu_224`, with `activation: 'gelu'` `vit_base_patch16_clip_224`).
 *
 * With `projection` the class token is CLIP's image embedding, and `textScores` of `@toco/network` compares it, or each patch token,
 * with embeddings of texts.
 *
 * @example
 * ```ts
 * const backbone = clipVitBase({ projection: true });
 * const { clsToken } = backbone.apply(backbone.init(0), images); // [B,512]
 * ```
 */
export function clipVitBase({
  activation = 'quickGelu',
  projection = false,
  depth = 12,
  positionResizing = 'antialiased',
  auxBlock,
}: ClipOptions = {}): Vit {
  return vit({
    name: `vit_base_patch16_clip_${activation === 'gelu' ? '' : 'quickgelu_'}224`,
    ...{ imageSize: 224, patchSize: 16, dim: 768, depth, heads: 12, auxBlock },
    ...{ preNorm: true, activation, layerNormEpsilon: 1e-5, positionResizing },
    ...(projection && { projection: 512 }),
    ...{ mean: clipMean, std: clipStd },
  });
}
