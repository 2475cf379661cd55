import { describe, expect, test } from '@jest/globals';
import { decodeLabelPng, encodeLabelPng } from '@toco/formats';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { archiveMembers } from '../../src/archive/archive-members.js';
import { prepareVocTest } from '../../src/voc/prepare-voc-test.js';
import { vocTestImages, writeVocSubmission, type VocSubmission } from '../../src/voc/voc-submission.js';
import { makeTar, type TestMember } from '../archive/make-tar.js';
import { temporaryFolder } from '../folder.js';

const folder = await temporaryFolder();
const ids = ['2008_000006', '2008_000011', '2008_000012'];
const sizes: Record<string, [number, number]> = {
  '2008_000006': [12, 8],
  '2008_000011': [7, 9],
  '2008_000012': [5, 5],
};
const root = 'VOCdevkit/VOC2012';

const jpeg = async ([width, height]: [number, number]): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: '#357' } })
    .jpeg()
    .toBuffer();

/** Members of `VOC2012test.tar`: photographs of other competitions, and no mask. */
async function members(): Promise<TestMember[]> {
  return [
    { name: `${root}/`, type: 'directory' },
    { name: `${root}/Annotations/2008_000006.xml`, content: '<annotation/>' },
    { name: `${root}/ImageSets/Main/test.txt`, content: '2008_000001\n' },
    { name: `${root}/JPEGImages/2008_000001.jpg`, content: await jpeg([3, 3]) },
    { name: `${root}/JPEGImages/${ids[0]!}.jpg`, content: await jpeg(sizes[ids[0]!]!) },
    // after some of its photographs
    { name: `${root}/ImageSets/Segmentation/test.txt`, content: `${ids.join('\n')}\n` },
    ...(await Promise.all(
      ids
        .slice(1)
        .map(async (id) => ({ name: `${root}/JPEGImages/${id}.jpg`, content: await jpeg(sizes[id]!) })),
    )),
  ];
}

const archive = join(folder, 'VOC2012test.tar');
await writeFile(archive, await makeTar(await members()));

describe('prepareVocTest', () => {
  test('takes the list and its photographs, and nothing else; a second run does nothing', async () => {
    const out = join(folder, 'first');
    const stages: string[] = [];
    const made = await prepareVocTest({
      ...{ out, test: archive, partial: true },
      onProgress: ({ stage }) => stages.push(stage),
    });
    expect(made).toEqual({ root: join(out, root), images: 3, alreadyDone: false });
    expect(new Set(stages)).toEqual(new Set(['extracting VOC2012test.tar']));
    const names = (await readdir(made.root, { recursive: true })).sort();
    expect(names.filter((name) => /\.\w+$/.test(name))).toEqual([
      'ImageSets/Segmentation/test.txt',
      ...ids.map((id) => `JPEGImages/${id}.jpg`),
      'preparation-test.json',
    ]);
    expect(await vocTestImages(made.root)).toEqual(
      ids.map((id) => ({ id, path: join(made.root, 'JPEGImages', `${id}.jpg`) })),
    );
    const before = (await stat(join(made.root, 'ImageSets/Segmentation/test.txt'))).mtimeMs;
    expect(await prepareVocTest({ out, test: archive, partial: true })).toMatchObject({ alreadyDone: true });
    expect((await stat(join(made.root, 'ImageSets/Segmentation/test.txt'))).mtimeMs).toBe(before);
  });

  test('goes on where it was interrupted', async () => {
    const out = join(folder, 'interrupted');
    const interruption = new AbortController();
    const onProgress = ({ done }: { done: number }): void => {
      if (done > 3000) interruption.abort();
    };
    const { signal } = interruption;
    await expect(prepareVocTest({ out, test: archive, partial: true, onProgress, signal })).rejects.toThrow(
      /^interrupted; run the same command to continue/,
    );
    expect(existsSync(join(out, root, 'ImageSets/Segmentation/test.txt'))).toBe(false);
    expect(await prepareVocTest({ out, test: archive, partial: true })).toMatchObject({ images: 3 });
  });

  const wrong: [string, () => Promise<Uint8Array>, RegExp][] = [
    [
      'a part of the images',
      async () => makeTar(await members()),
      /list test has 3 images instead of 1456.*--partial/,
    ],
    [
      'a photograph that is missing',
      async () => makeTar((await members()).slice(0, -1)),
      /2008_000012\.jpg: the file does not exist/,
    ],
    [
      'another archive',
      () => makeTar([{ name: `${root}/ImageSets/Segmentation/val.txt`, content: 'x' }]),
      /holds nothing of VOCdevkit\/VOC2012\/ImageSets\/Segmentation\/test\.txt; is it another archive\?/,
    ],
    [
      'an archive cut short',
      async () => {
        const whole = gzipSync(await makeTar(await members()));
        return whole.subarray(0, whole.length / 2);
      },
      /cut short|unexpected end/,
    ],
  ];
  test.each(wrong)('refuses %s in one line', async (name, content, message) => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.tar`);
    await writeFile(file, await content());
    const partial = !name.startsWith('a part');
    const out = join(folder, `out-${name.replaceAll(' ', '-')}`);
    const error = await prepareVocTest({ out, test: file, partial }).catch((reason: unknown) => reason);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('\n');
  });
});

const gray = await sharp(new Uint8Array(96).fill(3), { raw: { width: 12, height: 8, channels: 1 } })
  .toColourspace('b-w')
  .png()
  .toBuffer();

describe('writeVocSubmission', () => {
  /** Masks of all three images, with others over them. */
  async function submission(
    name: string,
    others: Record<string, Uint8Array | undefined> = {},
  ): Promise<VocSubmission> {
    const out = join(folder, 'first');
    await prepareVocTest({ out, test: archive, partial: true });
    const masks = join(folder, name);
    await mkdir(masks);
    for (const id of ids) {
      const [width, height] = sizes[id]!;
      const data = Uint8Array.from({ length: width * height }, (_, i) => i % 21);
      await writeFile(join(masks, `${id}.png`), encodeLabelPng({ width, height, data }));
    }
    for (const [id, bytes] of Object.entries(others)) {
      if (bytes) await writeFile(join(masks, `${id}.png`), bytes);
      else await rm(join(masks, `${id}.png`));
    }
    const images = await vocTestImages(join(out, root));
    return { masks, images, competition: 'comp6', out: join(folder, `${name}.tar.gz`) };
  }

  test('holds a palette PNG of every image under the name that the server looks for', async () => {
    const of = await submission('right');
    const bytes = await writeVocSubmission(of);
    expect(bytes).toBe((await stat(of.out)).size);
    const found = new Map<string, Uint8Array>();
    for await (const member of archiveMembers(of.out)) found.set(member.name, await member.read(2 ** 20));
    expect([...found.keys()]).toEqual(
      ids.map((id) => `results/VOC2012/Segmentation/comp6_test_cls/${id}.png`),
    );
    for (const [name, png] of found) {
      const id = name.slice(-15, -4);
      const { width, height, data } = decodeLabelPng(png);
      expect([id, width, height]).toEqual([id, ...sizes[id]!]);
      expect(data[20]).toBe(20);
      expect(png).toEqual(new Uint8Array(await readFile(join(of.masks, `${id}.png`))));
    }
    // The same masks give the same bytes.
    const first = await readFile(of.out);
    await writeVocSubmission(of);
    expect(await readFile(of.out)).toEqual(first);
  });

  const map = (width: number, height: number, label: number): Uint8Array =>
    encodeLabelPng({ width, height, data: new Uint8Array(width * height).fill(label) });
  const wrong: [string, Record<string, Uint8Array | undefined>, RegExp][] = [
    [
      'no mask',
      { '2008_000006': undefined, '2008_000012': undefined },
      /2008_000006\.png: the mask does not exist \(and 1 more of 3 masks\)/,
    ],
    ['no palette', { '2008_000006': gray }, /2008_000006\.png: the mask has no palette;/],
    ['another size', { '2008_000006': map(8, 12, 1) }, /the mask has 8 × 12 pixels, its image 12 × 8/],
    [
      'label 255',
      { '2008_000011': map(7, 9, 255) },
      /2008_000011\.png: label 255 is none of VOC's \(0 … 20\)/,
    ],
  ];
  test.each(wrong)('%s: one line, and nothing is written', async (name, others, message) => {
    const of = await submission(name.replaceAll(' ', '-'), others);
    const error = await writeVocSubmission(of).catch((reason: unknown) => reason);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(
      /VOC's server would refuse the archive, so it is not written\.$/,
    );
    expect([existsSync(of.out), existsSync(`${of.out}.part`)]).toEqual([false, false]);
  });
});
