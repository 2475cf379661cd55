/** Where tiles begin along an axis, so that they cover it, and neighbors share `overlap` or more. All in whole strides. */
export function tileOrigins(
  length: number,
  { tile, overlap, stride }: { readonly tile: number; readonly overlap: number; readonly stride: number },
): number[] {
  if (length <= tile) return [0];
  const step = Math.max(stride, Math.floor((tile - overlap) / stride) * stride);
  const count = Math.ceil((length - tile) / step) + 1;
  return Array.from({ length: count }, (_, i) => Math.min(i * step, length - tile));
}

/** The planes of a whole image out of those of its tiles. */
export interface TileSum {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Float32Array;
  readonly weight: Float32Array;
}

/** Planes that tiles are added to. */
export function tileSum(height: number, width: number, channels: number): TileSum {
  return {
    ...{ height, width, channels },
    data: new Float32Array(height * width * channels),
    weight: new Float32Array(height * width),
  };
}

/** Adds a tile's planes at a place; where tiles overlap, what lies nearer to a tile's middle weighs more. */
export function addTile(
  sum: TileSum,
  { height, width, channels, data }: Omit<TileSum, 'weight'>,
  [top, left]: readonly [number, number],
): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const weight = Math.min(y + 1, height - y) * Math.min(x + 1, width - x);
      const to = (top + y) * sum.width + left + x;
      sum.weight[to]! += weight;
      for (let c = 0, from = (y * width + x) * channels; c < channels; c++)
        sum.data[to * channels + c]! += weight * data[from + c]!;
    }
  }
}

/** The weighted mean of the tiles, in place. */
export function tileMean({ height, width, channels, data, weight }: TileSum): Omit<TileSum, 'weight'> {
  for (let i = 0; i < weight.length; i++)
    for (let c = 0; c < channels; c++) data[i * channels + c]! /= weight[i]!;
  return { height, width, channels, data };
}
