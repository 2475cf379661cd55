import sharp from 'sharp';
import type { RgbImage } from './rgb-image.js';

/** A picture as a JPEG file, at another size. */
export async function encodeJpeg(
  { width, height, data }: RgbImage,
  size: { width: number; height: number },
): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ ...size, fit: 'fill' })
    .jpeg({ quality: 88, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/** A drawing as a PNG file. */
export async function encodeDrawing(svg: string): Promise<Uint8Array> {
  return sharp(Buffer.from(svg)).flatten({ background: '#ffffff' }).png().toBuffer();
}
