import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { decodeLabelPng } from '@toco/formats';
import sharp from 'sharp';
import { tinyNetwork, toco, type Outcome } from './run-toco.js';

// Several calls into one folder: what is there stays as far as it holds.

const folder = mkdtempSync(join(tmpdir(), 'toco-further-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Half one color, half another, so that a network of random weights finds classes too. */
async function photograph(path: string, side: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const picture = `<svg width="${side}" height="${side}"><rect width="${side}" height="${side}" fill="#864"/><circle cx="${side / 3}" cy="20" r="14" fill="#4cf"/></svg>`;
  writeFileSync(path, await sharp(Buffer.from(picture)).png().toBuffer());
}

interface Coco {
  readonly images: readonly { readonly id: number; readonly file_name: string; readonly width: number }[];
  readonly annotations: readonly { readonly image_id: number }[];
}

function cocoOf(path: string): Coco {
  return JSON.parse(readFileSync(path, 'utf8')) as Coco;
}

/** Files in a folder and when they were written. */
function timesIn(place: string): (readonly [string, number])[] {
  return readdirSync(place)
    .sort()
    .map((name) => [name, statSync(join(place, name)).mtimeMs] as const);
}

async function done(args: readonly string[]): Promise<Outcome> {
  const outcome = await toco(args);
  if (outcome.status !== 0) throw new Error(outcome.stderr);
  return outcome;
}

test('label: another format is made of the masks that are there, CAMs without new masks; with other thresholds nothing old stays', async () => {
  const out = join(folder, 'labels');
  const at = (name: string): string => join(out, name);
  const args = ['label', ...tinyNetwork, '--limit', '3', '--refine', 'none', '--out', out];
  await done(args);
  const masks = timesIn(at('masks'));
  expect(masks).toHaveLength(3);

  const annotated = await done([...args, '--save', 'coco-rle,labelme']);
  expect(annotated.stderr).toMatch(/^3 of 3 images are there already\.$/m);
  expect(timesIn(at('masks'))).toEqual(masks);
  expect(cocoOf(at('instances-rle.json')).images.map(({ id }) => id)).toEqual([1, 2, 3]);
  const corrected = at(`labelme/${readdirSync(at('labelme'))[0]!}`);
  writeFileSync(corrected, '{"shapes": []}');

  const cams = await done([...args, '--save', 'psa']);
  expect(cams.stderr).not.toMatch(/are there already/);
  expect(readdirSync(at('psa'))).toHaveLength(3);
  expect(timesIn(at('masks'))).toEqual(masks);
  expect(readFileSync(corrected, 'utf8')).toBe('{"shapes": []}');
  expect((await done([...args, '--save', 'psa,coco-rle'])).stderr).toMatch(/^3 of 3 images are there /m);

  const other = [...args, '--low', '0.1'];
  const refused = await toco(other);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toMatch(/: holds results of other settings; choose another --out, or /);
  await done([...other, '--again']);
  expect(readdirSync(at('masks'))).toHaveLength(3);
  expect([at('instances-rle.json'), corrected].filter((path) => existsSync(path))).toEqual([]);
  expect(readdirSync(at('psa'))).toEqual([]);
}, 240_000);

test('label: parts of which one lacks CAMs are not merged; masks of all are, and what is merged is gone on with', async () => {
  const [parts, merged] = [join(folder, 'parts'), join(folder, 'merged')];
  const args = ['label', ...tinyNetwork, '--limit', '2', '--refine', 'none', '--out'];
  const journals = [0, 1].map((index) => join(parts, `label-${index}-of-2.jsonl`));
  await done([...args, parts, '--shard', '0/2', '--save', 'psa,coco-rle']);
  await done([...args, parts, '--shard', '1/2']);
  const refused = await toco(['label', '--merge', ...journals, '--out', merged]);
  expect(refused).toMatchObject({
    ...{ status: 1, stdout: '' },
    stderr: `${journals[1]!}: lacks files of psa, which other parts have; run the command of this part again with --save psa.\n`,
  });
  await done([...args, parts, '--shard', '1/2', '--save', 'psa']);
  await done(['label', '--merge', ...journals, '--out', merged]);
  expect(cocoOf(join(merged, 'instances-rle.json')).images).toHaveLength(2);
  const further = await done([...args, merged, '--save', 'psa,cvat']);
  expect(further.stderr).toMatch(/^2 of 2 images are there already\.$/m);
  expect(existsSync(join(merged, 'cvat/annotations.xml'))).toBe(true);
}, 240_000);

test('predict: annotations are of the photographs of all calls, whose ids stay; kinds are added; of one that is another now nothing old stays', async () => {
  const place = join(folder, 'predict');
  const [out, at] = [join(place, 'out'), (name: string): string => join(place, 'out', name)];
  const [a, b, c] = ['a', 'b', 'c'].map((name) => join(place, `${name}.png`)) as [string, string, string];
  for (const path of [a, b, c]) await photograph(path, 40);
  const predict = (photographs: readonly string[], save: string, ...more: string[]): Promise<Outcome> =>
    done(['predict', ...tinyNetwork, ...photographs, '--out', out, '--save', save, ...more]);
  const coco = (): unknown[] =>
    cocoOf(at('instances-rle.json')).images.map(({ id, file_name: name, width }) => [id, name, width]);

  await predict([b, a], 'masks');
  const masks = timesIn(at('masks'));
  await predict([c], 'coco-rle,labelme');
  expect(coco()).toEqual([
    [1, 'b.png', 40],
    [2, 'a.png', 40],
    [3, 'c.png', 40],
  ]);
  expect(timesIn(at('masks')).slice(0, 2)).toEqual(masks);
  expect(readdirSync(at('labelme')).sort()).toEqual(['a.json', 'b.json', 'c.json']);
  const first = readFileSync(at('instances-rle.json'), 'utf8');
  writeFileSync(at('labelme/a.json'), '{"shapes": []}');

  expect((await predict([a, b], 'npy')).stderr).not.toMatch(/done already/);
  expect(readdirSync(at('npy')).sort()).toEqual(['a.npy', 'b.npy']);
  expect(readFileSync(at('instances-rle.json'), 'utf8')).toBe(first);
  expect(readFileSync(at('labelme/a.json'), 'utf8')).toBe('{"shapes": []}');
  expect((await predict([a, b, c], 'coco-rle')).stderr).toMatch(/^3 of 3 photographs are done already\.$/m);

  await photograph(b, 48);
  expect((await predict([a, b], 'masks')).stderr).toMatch(/^1 of 2 photographs are done already\.$/m);
  expect(readdirSync(at('npy'))).toEqual(['a.npy']);
  expect(coco()[0]).toEqual([1, 'b.png', 48]);
  const { imageWidth } = JSON.parse(readFileSync(at('labelme/b.json'), 'utf8')) as { imageWidth: number };
  expect(imageWidth).toBe(48);
  expect(readFileSync(at('labelme/a.json'), 'utf8')).toBe('{"shapes": []}');

  await predict([c], 'masks', '--size', '64', '--again');
  expect(readdirSync(at('masks'))).toEqual(['c.png']);
  expect([...readdirSync(at('npy')), ...readdirSync(at('labelme'))]).toEqual([]);
  expect(existsSync(at('instances-rle.json'))).toBe(false);
}, 240_000);

test('predict: --again makes anew what it names and leaves the others of the same settings; parts know of one another', async () => {
  const place = join(folder, 'again');
  const [x, y] = [join(place, 'x/a.png'), join(place, 'y/a.png')];
  await photograph(x, 40);
  await photograph(y, 56);
  const out = join(place, 'out');
  const args = (...photographs: string[]): string[] => [
    ...['predict', ...tinyNetwork, ...photographs, '--out', out, '--save', 'masks,scores'],
  ];
  const sizes = (): unknown[] =>
    readdirSync(join(out, 'masks'))
      .sort()
      .map((name) => [name, decodeLabelPng(readFileSync(join(out, 'masks', name))).width]);
  const both = [
    ['a.png', 40],
    ['a_png.png', 56],
  ];
  await done(args(x));
  await done([...args(y), '--shard', '0/2', '--again']);
  expect(sizes()).toEqual(both);
  expect((await done([...args(x), '--again'])).stderr).not.toMatch(/done already/);
  expect(sizes()).toEqual(both);
  expect((await done(args(x))).stderr).toMatch(/^1 of 1 photograph are done already\.$/m);

  const other = [...args(x, y), '--size', '64', '--shard', '0/2'];
  const refused = await toco(other);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr.trimEnd().split('\n').at(-1)).toBe(
    `${out}: holds results of other settings (.predict.jsonl); choose another --out, or overwrite them with --again.`,
  );
  await done([...other, '--again']);
  await done([...args(x, y), '--size', '64', '--shard', '1/2']);
  expect(sizes()).toEqual(both);
  expect(existsSync(join(out, '.predict.jsonl'))).toBe(false);
}, 240_000);
