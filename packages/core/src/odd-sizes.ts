/**
 * What becomes of a scaled size that is no multiple of the patch: `corrected`, the default everywhere, takes the nearest one that
 * is, so that whole patches cover the whole picture and every map lies where the picture is; `reference` drops what is left
 * of a patch, as ToCo's published code does, which stretches the maps by up to a patch.
 */
export type OddSizes = 'corrected' | 'reference';

/** Options of {@link scaledSize}. */
export interface ScaledSizeOptions {
  /** Pixels per token of the network. */
  readonly stride: number;
  readonly oddSizes?: OddSizes | undefined;
}

/**
 * Height and width in which a network sees an image at a scale: ⌊s·H⌋ × ⌊s·W⌋ in `reference`, the nearest whole number of patches
 * (at least one) in `corrected`.
 *
 * @example
 * scaledSize([333, 500], 1.25, { stride: 16 }); // [416, 624]
 */
export function scaledSize(
  [height, width]: readonly [number, number],
  scale: number,
  { stride, oddSizes = 'corrected' }: ScaledSizeOptions,
): [number, number] {
  const side = (length: number): number =>
    oddSizes === 'reference'
      ? Math.floor(scale * length)
      : Math.max(1, Math.round((scale * length) / stride)) * stride;
  return [side(height), side(width)];
}
