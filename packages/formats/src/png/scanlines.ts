import { refuse } from '../format-error.js';

/** A regular subset of an image's pixels, stored as an image of its own. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
}

const whole: readonly Pass[] = [{ x: 0, y: 0, stepX: 1, stepY: 1 }];

/** The seven passes of interlaced images (Adam7). */
const adam7: readonly Pass[] = [
  { x: 0, y: 0, stepX: 8, stepY: 8 },
  { x: 4, y: 0, stepX: 8, stepY: 8 },
  { x: 0, y: 4, stepX: 4, stepY: 8 },
  { x: 2, y: 0, stepX: 4, stepY: 4 },
  { x: 0, y: 2, stepX: 2, stepY: 4 },
  { x: 1, y: 0, stepX: 2, stepY: 2 },
  { x: 0, y: 1, stepX: 1, stepY: 2 },
];

/** Size and arrangement of an image with one sample of `depth` ≤ 8 bits per pixel. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly interlaced: boolean;
}

function passes({
  width,
  height,
  depth,
  interlaced,
}: Raster): (Pass & { columns: number; rows: number; stride: number })[] {
  return (interlaced ? adam7 : whole)
    .map((pass) => {
      const columns = Math.ceil((width - pass.x) / pass.stepX);
      return {
        ...pass,
        columns,
        rows: Math.ceil((height - pass.y) / pass.stepY),
        stride: Math.ceil((columns * depth) / 8),
      };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/** Bytes of all scanlines, each with the byte that names its filter. */
export function scanlineBytes(raster: Raster): number {
  return passes(raster).reduce((sum, { rows, stride }) => sum + rows * (stride + 1), 0);
}

/** Undoes the filters in place and spreads the samples over an image of one byte per pixel. */
export function unpackScanlines(bytes: Uint8Array, raster: Raster): Uint8Array {
  const { width, height, depth } = raster;
  const out = new Uint8Array(width * height);
  const mask = 2 ** depth - 1;
  let at = 0;
  for (const { x, y, stepX, stepY, columns, rows, stride } of passes(raster)) {
    let above = new Uint8Array(stride);
    for (let row = 0; row < rows; row++) {
      const filter = bytes[at]!;
      const line = bytes.subarray(at + 1, at + 1 + stride);
      unfilter(line, above, filter);
      const target = (y + row * stepY) * width + x;
      for (let column = 0; column < columns; column++) {
        const bit = column * depth;
        out[target + column * stepX] = (line[bit >> 3]! >> (8 - depth - (bit & 7))) & mask;
      }
      above = line as Uint8Array<ArrayBuffer>;
      at += stride + 1;
    }
  }
  return out;
}

/** With one sample of at most 8 bits per pixel, the "pixel to the left" is always the byte to the left. */
function unfilter(line: Uint8Array, above: Uint8Array, filter: number): void {
  if (filter > 4) refuse(`PNG scanline has an unknown filter ${filter}`);
  if (filter === 0) return;
  let left = 0;
  let corner = 0;
  for (let i = 0; i < line.length; i++) {
    const up = above[i]!;
    const prediction =
      filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : paeth(left, up, corner);
    left = (line[i]! + prediction) & 0xff;
    line[i] = left;
    corner = up;
  }
}

/** The neighbor nearest to left + up − corner, in this order where they tie. */
function paeth(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
