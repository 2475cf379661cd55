import { concatenate } from '../concatenate.js';
import { deflateSync } from 'node:zlib';
import { crc32 } from 'node:zlib';
import { refuse } from '../format-error.js';
import { inflateExactly } from '../inflate.js';
import { readPngChunks } from './chunks.js';
import { scanlineBytes, unpackScanlines } from './scanlines.js';
import { vocPalette } from './voc-palette.js';

/** One class index per pixel, row by row; 255 usually means "ignore". */
export interface LabelMap {
  readonly width: number;
  readonly height: number;
  /** `height · width` indices. */
  readonly data: Uint8Array;
}

const palette = 3;
const gray = 0;

/** 16384 × 16384: beyond any photograph, within what memory holds. */
const mostPixels = 2 ** 28;

/**
 * The class indices of a label image: the indices of a PNG with a palette (1, 2, 4 or 8 bits), the values of a gray one of
 * 8 bits. Colors are never looked at, so nothing can be rounded or resampled on the way.
 *
 * @throws FormatError in one line for a damaged file, a color image, or 16 bits
 * @example
 * const { width, height, data } = decodeLabelPng(await readFile('SegmentationClass/2007_000033.png'));
 */
export function decodeLabelPng(bytes: Uint8Array): LabelMap {
  const { packed, ...raster } = readPngChunks(bytes);
  const { width, height, depth, color } = raster;
  if (color !== palette && color !== gray) {
    refuse('PNG is a color image, not a label map: save one class index per pixel (palette or 8-bit gray)');
  }
  if (depth === 16) refuse('PNG has 16 bits per pixel: labels are 8-bit (palette or gray)');
  const depths = color === palette ? [1, 2, 4, 8] : [8];
  if (!depths.includes(depth))
    refuse(`PNG has ${depth} bits per ${color === gray ? 'gray ' : ''}pixel: labels are 8-bit`);
  if (width === 0 || height === 0 || width * height > mostPixels) {
    refuse(`PNG has an unusable size of ${width} × ${height}`);
  }
  if (color === palette && raster.palette === undefined) refuse('PNG lacks its palette');
  const data = unpackScanlines(inflateExactly(packed, scanlineBytes(raster), 'zlib'), raster);
  return { width, height, data };
}

/**
 * A PNG with 8-bit indices and a palette (VOC's, unless given), which every image viewer shows in the field's colors.
 *
 * @example
 * await writeFile('2007_000033.png', encodeLabelPng({ width: 2, height: 1, data: new Uint8Array([0, 15]) }));
 */
export function encodeLabelPng(map: LabelMap, colors: Uint8Array = vocPalette()): Uint8Array {
  const { width, height, data } = map;
  if (!(width > 0 && height > 0 && data.length === width * height)) {
    refuse(`a label map of ${width} × ${height} can't have ${data.length} indices`);
  }
  if (colors.length === 0 || colors.length > 768 || colors.length % 3 !== 0) {
    refuse(`a palette has 1 to 256 colors of 3 values, not ${colors.length} values`);
  }
  const lines = new Uint8Array(height * (width + 1));
  for (let row = 0; row < height; row++) {
    lines.set(data.subarray(row * width, (row + 1) * width), row * (width + 1) + 1);
  }
  const header = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 8, palette, 0, 0, 0]);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  return concatenate([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    chunk('PLTE', colors),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', new Uint8Array()),
  ]);
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + body.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, body.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(body, 8);
  view.setUint32(8 + body.length, crc32(out.subarray(4, 8 + body.length)));
  return out;
}
