import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { encodeLabelPng } from '@toco/formats';
import { testNumbers } from '@toco/testing';
import sharp from 'sharp';
import { sampleList } from '../../src/dataset/dataset.js';
import { type ListedPhotograph, photographLoader } from '../../src/loader/photograph-loader.js';
import { temporaryFolder, writeTree } from '../folder.js';

const folder = await temporaryFolder();

/** 3 × 2 pixels, the upper left one red, stored as it is and with the tag that turns it by 90 degrees. */
const pixels = Uint8Array.from({ length: 18 }, (_, i) => (i === 0 ? 255 : 0));
const picture = sharp(pixels, { raw: { width: 3, height: 2, channels: 3 } });
const noisy = await sharp(Buffer.from(Array.from({ length: 7500 }, testNumbers(1)).map((v) => 255 * v)), {
  raw: { width: 50, height: 50, channels: 3 },
})
  .jpeg()
  .toBuffer();
await writeTree(folder, {
  'plain.png': await picture.png().toBuffer(),
  'turned.png': await picture.withMetadata({ orientation: 6 }).png().toBuffer(),
  'gray16.png': await picture.toColourspace('grey16').png().toBuffer(),
  'line.jpg': await sharp({ create: { width: 50, height: 1, channels: 3, background: '#fff' } })
    .jpeg()
    .toBuffer(),
  'cut.jpg': noisy.subarray(0, noisy.length / 2),
  'mask.png': encodeLabelPng({ width: 3, height: 2, data: Uint8Array.of(0, 1, 1, 0, 255, 0) }),
});
const list = sampleList(
  'all',
  ['cat'],
  ['plain.png', 'cut.jpg', 'turned.png', 'gray16.png', 'missing.jpg', 'line.jpg'].map((id) => ({
    id,
    image: { path: join(folder, id) },
    labels: Uint8Array.of(1),
    mask: { path: join(folder, 'mask.png') },
  })),
);

async function read(options: Partial<Parameters<typeof photographLoader>[1]>): Promise<{
  read: ListedPhotograph[];
  unreadable: { index: number; id: string; message: string }[];
}> {
  const unreadable: { index: number; id: string; message: string }[] = [];
  const found: ListedPhotograph[] = [];
  const loader = photographLoader(list, {
    ...options,
    workers: 0,
    onUnreadable: (problem) => void unreadable.push(problem),
  });
  for await (const photograph of loader) found.push(photograph);
  return { read: found, unreadable };
}

test('photographs come as they are, with their places; what cannot be read is told', async () => {
  const { read: found, unreadable } = await read({});
  expect(found.map(({ index, id, width, height }) => [index, id, width, height])).toEqual([
    [0, 'plain.png', 3, 2],
    [2, 'turned.png', 3, 2],
    [3, 'gray16.png', 3, 2],
    [5, 'line.jpg', 50, 1],
  ]);
  expect(found[0]!.data).toEqual(Buffer.from(pixels));
  expect(found[0]).not.toHaveProperty('mask');
  expect(unreadable.map(({ index, id }) => [index, id])).toEqual([
    [1, 'cut.jpg'],
    [4, 'missing.jpg'],
  ]);
  expect(unreadable[0]!.message).toMatch(/cut\.jpg: the image is cut short/);
});

test('upright: turned as the tag says', async () => {
  const { read: found } = await read({ indices: [0, 2], upright: true });
  expect(found.map(({ width, height }) => [width, height])).toEqual([
    [3, 2],
    [2, 3],
  ]);
  // Turned to the right, the upper left pixel is the upper right one.
  expect([...found[1]!.data.subarray(0, 6)]).toEqual([0, 0, 0, 255, 0, 0]);
});

test('with masks, which must have the size of the photograph', async () => {
  const { read: found, unreadable } = await read({ indices: [0, 5], withMask: true });
  expect(found.map(({ mask }) => [...mask!])).toEqual([[0, 1, 1, 0, 255, 0]]);
  expect(unreadable[0]!.message).toMatch(/the mask has 3 × 2 pixels, its image 50 × 1/);
});
