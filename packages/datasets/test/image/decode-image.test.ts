import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { decodeImage } from '../../src/image/decode-image.js';
import { temporaryFolder, writeTree } from '../folder.js';

const folder = await temporaryFolder();
const [width, height] = [40, 24];

/** Left half orange, right half blue. */
const pixels = Buffer.alloc(width * height * 3);
for (let i = 0; i < width * height; i++) pixels.set(i % width < 20 ? [230, 120, 40] : [30, 60, 200], i * 3);
const photograph = sharp(pixels, { raw: { width, height, channels: 3 } });

async function decodeBytes(name: string, bytes: Uint8Array): ReturnType<typeof decodeImage> {
  await writeTree(folder, { [name]: bytes });
  return decodeImage({ path: join(folder, name) });
}

function expectPixel(
  image: { width: number; data: Uint8Array },
  x: number,
  color: number[],
  within: number,
): void {
  const at = (12 * image.width + x) * 3;
  color.forEach((value, c) => {
    expect(Math.abs(image.data[at + c]! - value)).toBeLessThanOrEqual(within);
  });
}

describe('kinds of images', () => {
  test('PNG comes back exactly, JPEG nearly', async () => {
    const png = await decodeBytes('a.png', await photograph.clone().png().toBuffer());
    expect({ ...png, data: Buffer.from(png.data) }).toEqual({ width, height, data: pixels });
    const jpeg = await decodeBytes('a.jpg', await photograph.clone().jpeg({ quality: 95 }).toBuffer());
    expectPixel(jpeg, 5, [230, 120, 40], 4);
    expectPixel(jpeg, 35, [30, 60, 200], 4);
  });

  test('transparency is dropped, not blended', async () => {
    const rgba = Buffer.alloc(width * height * 4);
    for (let i = 0; i < width * height; i++) rgba.set([200, 100, 50, 10], i * 4);
    const bytes = await sharp(rgba, { raw: { width, height, channels: 4 } })
      .png()
      .toBuffer();
    expectPixel(await decodeBytes('alpha.png', bytes), 3, [200, 100, 50], 0);
  });

  test('gray and 16-bit images become three channels of 8 bits', async () => {
    const gray = await photograph.clone().greyscale().jpeg().toBuffer();
    const decoded = await decodeBytes('gray.jpg', gray);
    expect(decoded.data).toHaveLength(width * height * 3);
    expect(decoded.data[0]).toBe(decoded.data[2]);
    const deep = Uint16Array.from(pixels, (value) => value * 257);
    const bytes = await sharp(deep, { raw: { width, height, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(bytes).metadata()).depth).toBe('ushort');
    expectPixel(await decodeBytes('deep.png', bytes), 5, [230, 120, 40], 1);
    const deepGray = await sharp(deep.subarray(0, width * height), { raw: { width, height, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect(await sharp(deepGray).metadata()).toMatchObject({ depth: 'ushort', channels: 1 });
    const values = (await decodeBytes('deep-gray.png', deepGray)).data;
    expect([values[0], values[1], values[2]]).toEqual([pixels[0], pixels[0], pixels[0]]);
  });

  test('CMYK is converted', async () => {
    const cmyk = await photograph.clone().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk');
    const decoded = await decodeBytes('cmyk.jpg', cmyk);
    expect(decoded.data).toHaveLength(width * height * 3);
    // Inks can't show every color: that orange stays orange is all that is asked.
    const [red, green, blue] = decoded.data.subarray(12 * width * 3 + 15);
    expect(red! > green! + 40 && green! > blue! + 20).toBe(true);
  });

  test('the orientation tag is ignored', async () => {
    const turned = await photograph.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect((await sharp(turned).metadata()).orientation).toBe(6);
    expect(await decodeBytes('turned.jpg', turned)).toMatchObject({ width, height });
  });
});

describe('one line for what can not be read', () => {
  test('a missing file', async () => {
    const path = join(folder, 'nowhere.jpg');
    await expect(decodeImage({ path })).rejects.toThrow(`${path}: the file does not exist`);
  });

  test('a JPEG cut short at any of many places', async () => {
    const noisy = Buffer.from(Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 251));
    const whole = await sharp(noisy, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg()
      .toBuffer();
    for (const part of [0.05, 0.3, 0.6, 0.9, 0.98]) {
      const message = await decodeBytes('cut.jpg', whole.subarray(0, Math.floor(whole.length * part))).then(
        () => 'decoded',
        (error: Error) => error.message,
      );
      expect(message).toMatch(/^.*cut\.jpg: (the image is cut short|not a readable image) \(.+\)$/);
      expect(message).not.toContain('\n');
    }
  });

  test('a damaged PNG, an empty file and a text', async () => {
    const png = await readFile(join(folder, 'a.png'));
    for (const bytes of [png.subarray(0, png.length - 20), Buffer.alloc(0), Buffer.from('not an image')]) {
      await expect(decodeBytes('bad.png', bytes)).rejects.toThrow(/^.*bad\.png: [^\n]+$/);
    }
  });
});
