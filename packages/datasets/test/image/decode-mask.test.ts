import { describe, expect, test } from '@jest/globals';
import { encodeLabelPng } from '@toco/formats';
import { join } from 'node:path';
import sharp from 'sharp';
import { decodeMask } from '../../src/image/decode-mask.js';
import { temporaryFolder, writeTree } from '../folder.js';

const folder = await temporaryFolder();
const path = join(folder, 'mask.png');
const labels = Uint8Array.of(0, 1, 2, 255, 3, 0);
const expectation = { numClasses: 3, image: { width: 3, height: 2 } };

async function decode(bytes: Uint8Array | string, expected = expectation): ReturnType<typeof decodeMask> {
  await writeTree(folder, { 'mask.png': bytes });
  return decodeMask({ path }, expected);
}

describe('decodeMask', () => {
  test('palette and gray PNGs give their indices', async () => {
    expect((await decode(encodeLabelPng({ width: 3, height: 2, data: labels }))).data).toEqual(labels);
    const gray = await sharp(Buffer.from(labels), { raw: { width: 3, height: 2, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect((await decode(gray)).data).toEqual(labels);
  });

  test('a label outside the classes is named with its place', async () => {
    const png = encodeLabelPng({ width: 3, height: 2, data: labels });
    await expect(decode(png, { ...expectation, numClasses: 2 })).rejects.toThrow(
      `${path}: label 3 at row 1, column 1 is outside the 2 classes (0 is background, 255 ignored)`,
    );
  });

  test('a mask of another size than its image', async () => {
    const png = encodeLabelPng({ width: 3, height: 2, data: labels });
    await expect(decode(png, { numClasses: 3, image: { width: 2, height: 3 } })).rejects.toThrow(
      `${path}: the mask has 3 × 2 pixels, its image 2 × 3`,
    );
  });

  test('missing, damaged and color files', async () => {
    const nowhere = join(folder, 'nowhere.png');
    await expect(decodeMask({ path: nowhere }, expectation)).rejects.toThrow(
      `${nowhere}: the file does not exist`,
    );
    const png = encodeLabelPng({ width: 3, height: 2, data: labels });
    const color = await sharp(Buffer.alloc(18), { raw: { width: 3, height: 2, channels: 3 } })
      .png()
      .toBuffer();
    for (const bytes of [png.subarray(0, png.length - 30), 'text', color]) {
      await expect(decode(bytes)).rejects.toThrow(/^.*mask\.png: [^\n]+$/);
    }
  });
});
