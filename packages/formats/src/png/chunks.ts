import { concatenate } from '../concatenate.js';
import { crc32 } from 'node:zlib';
import { quote, refuse } from '../format-error.js';

/** The parts of a PNG file that a label image needs. */
export interface PngChunks {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly color: number;
  readonly interlaced: boolean;
  readonly palette: Uint8Array | undefined;
  readonly packed: Uint8Array;
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Splits a PNG file, checking lengths and checksums; what images don't need (texts, times, profiles) is passed over. */
export function readPngChunks(bytes: Uint8Array): PngChunks {
  if (signature.some((byte, i) => bytes[i] !== byte)) refuse('is no PNG file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let header: Omit<PngChunks, 'palette' | 'packed'> | undefined;
  let palette: Uint8Array | undefined;
  const parts: Uint8Array[] = [];
  for (let at = 8; ;) {
    if (at + 12 > bytes.length) refuse(`PNG is cut short: a chunk begins at byte ${at} of ${bytes.length}`);
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 8 + length;
    if (end + 4 > bytes.length) refuse(`PNG is cut short in its chunk ${quote(type)} at byte ${at}`);
    if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) {
      refuse(`PNG is damaged: wrong checksum of chunk ${quote(type)} at byte ${at}`);
    }
    const body = bytes.subarray(at + 8, end);
    if (header === undefined && type !== 'IHDR') refuse('PNG does not begin with its header');
    if (type === 'IHDR') header = readHeader(body);
    else if (type === 'PLTE') palette = body;
    else if (type === 'IDAT') parts.push(body);
    else if (type === 'IEND') break;
    else if (/^[A-Z]/.test(type)) refuse(`PNG has an unknown chunk ${quote(type)}`);
    at = end + 4;
  }
  return { ...header!, palette, packed: concatenate(parts) };
}

function readHeader(body: Uint8Array): Omit<PngChunks, 'palette' | 'packed'> {
  if (body.length !== 13) refuse(`PNG header has ${body.length} bytes instead of 13`);
  const view = new DataView(body.buffer, body.byteOffset, 13);
  const [depth = 0, color = 0, compression, filter, interlace = 0] = body.subarray(8);
  if (compression !== 0 || filter !== 0 || interlace > 1) refuse('PNG uses an unknown compression or filter');
  return { width: view.getUint32(0), height: view.getUint32(4), depth, color, interlaced: interlace === 1 };
}
