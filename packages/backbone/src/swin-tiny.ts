import { swin, type Swin, type SwinOptions } from './swin.js';

/**
 * Swin-T: tokens of 32 pixels and 768 dimensions after stages of 2, 2, 6 and 2 blocks, windows of 7×7 (timm
 * `swin_tiny_patch4_window7_224`). The auxiliary tokens are those of the third stage, 16 pixels and 384 dimensions.
 *
 * @example
 * ```ts
 * const backbone = swinTiny();
 * const { grid, auxGrid } = backbone.apply(backbone.init(0), images); // 448×448 pixels: [14,14], [28,28]
 * ```
 */
export function swinTiny(options: Pick<SwinOptions, 'auxBlock' | 'maskPadding'> = {}): Swin {
  return swin({
    name: 'swin_tiny_patch4_window7_224',
    dim: 96,
    depths: [2, 2, 6, 2],
    heads: [3, 6, 12, 24],
    window: 7,
    ...options,
  });
}
