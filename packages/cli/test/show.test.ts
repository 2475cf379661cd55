import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { tinyBackbone, tinyRun, toco } from './run-toco.js';

const folder = mkdtempSync(join(tmpdir(), 'toco-show-'));
const run = join(folder, 'a run');
const backbone = ['--backbone', tinyBackbone];

beforeAll(async () => {
  const short = [
    'optimizer.iterations=2',
    'optimizer.warmup=1',
    'evaluation.every=2',
    'engine.compile=false',
  ];
  const trained = await toco(['train', ...tinyRun, '--out', run, '--set', ...short]);
  expect(trained).toMatchObject({ status: 0 });
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Pixels of a picture. */
async function sizeOf(path: string): Promise<[number, number]> {
  const { width, height } = await sharp(path).metadata();
  return [width, height];
}

/** Height of a drawing. */
function heightOf(path: string): number {
  return Number(/<svg [^>]*height="(\d+)"/.exec(readFileSync(path, 'utf8'))![1]);
}

/** Addresses of the sections of a page. */
function sectionsOf(page: string): string[] {
  return [...readFileSync(page, 'utf8').matchAll(/<section\s+id="([\w-]+)"/g)].map(([, id]) => id!);
}

const figures = ['patches', 'cams', 'segmentations', 'attention', 'crops', 'errors'];

test('show: all figures of a run as files, as a page, and in its report, once also when shown twice', async () => {
  const out = join(folder, 'shown');
  const report = join(run, 'report.html');
  const before = sectionsOf(report);
  const args = ['show', run, ...backbone, '--images', 'val-00000,val-00002', '--limit', '3', '--out', out];
  const first = await toco([...args, '--json']);
  expect(first).toMatchObject({ status: 0 });
  expect(first.stderr).toMatch(
    /^a run: network .*iteration-000002; list val, 2 images, 3 measured; fast: squashed to 48×48/m,
  );
  const told = JSON.parse(first.stdout) as { page: string; report: string; written: string[] };
  expect([told.page, told.report]).toEqual([join(out, 'figures.html'), report]);
  const files = [...figures, 'similarity', 'confusion'].flatMap((name) => [`${name}.png`, `${name}.svg`]);
  const all = [...files, 'similarity.csv', 'confusion.csv', 'figures.html'].sort();
  const measured = readdirSync(out).filter((name) => /^measured-\w+\.jsonl$/.test(name));
  expect(measured).toHaveLength(1);
  expect(readdirSync(out).sort()).toEqual([...all, ...measured].sort());
  expect(told.written.map((path) => path.slice(out.length + 1)).sort()).toEqual(all);

  // Columns of 260 pixels with 10 around each, as large as the drawing.
  const columns = { patches: 3, cams: 3, segmentations: 3, attention: 4, crops: 2, errors: 4 };
  for (const [name, count] of Object.entries(columns))
    expect([name, await sizeOf(join(out, `${name}.png`))]).toEqual([
      name,
      [10 + 270 * count, heightOf(join(out, `${name}.svg`))],
    ]);
  for (const name of ['similarity', 'confusion']) {
    const [width, height] = await sizeOf(join(out, `${name}.png`));
    expect(Math.min(width, height)).toBeGreaterThan(200);
  }

  const rows = (name: string): string[][] =>
    readFileSync(join(out, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','));
  const [head, line] = rows('similarity.csv');
  expect(head).toEqual(['run', 'block 1', 'block 2', 'block 3']);
  expect(line![0]).toBe('a run');
  for (const value of line!.slice(1).map(Number)) expect(Math.abs(value)).toBeLessThanOrEqual(1);
  const confusion = rows('confusion.csv');
  expect(confusion.map(([name]) => name)).toEqual(['truth \\ prediction', ...confusion[0]!.slice(1)]);
  expect(confusion).toHaveLength(1 + 1 + 6);
  const pixels = confusion.slice(1).flatMap((row) => row.slice(1).map(Number));
  // every pixel of three scenes but those that are ignored
  const sum = pixels.reduce((total, count) => total + count, 0);
  expect(sum).toBeLessThanOrEqual(3 * 64 * 64);
  expect(sum).toBeGreaterThan(0.8 * 3 * 64 * 64);

  const added = ['figures', 'chosen-patch', 'similarity-of-runs', ...figures, 'confusion'];
  const place = before.indexOf('reproduce');
  const expected = [...before.slice(0, place), ...added, ...before.slice(place)];
  expect(sectionsOf(report).sort()).toEqual([...expected].sort());
  expect(sectionsOf(report).indexOf('figures')).toBe(place);
  const text = readFileSync(report, 'utf8');
  expect(text).toContain(`toco show &#39;${run}&#39; --backbone`);
  expect(text).not.toMatch(/(?:src|href)="(?!data:)/);

  // As an interruption leaves it: an image is measured, and a line is torn.
  const path = join(out, measured[0]!);
  const [numbers, lines] = [rows('confusion.csv'), readFileSync(path, 'utf8').split('\n')];
  expect(lines).toHaveLength(4);
  writeFileSync(path, [lines[0]!, lines[1]!.slice(0, 20)].join('\n'));
  const rest = await toco([...args, '--figures', 'similarity,confusion']);
  expect(rest).toMatchObject({ status: 0 });
  expect(rest.stderr).toContain('1 of 3 images are measured already.');
  expect(rows('confusion.csv')).toEqual(numbers);
  const means = rows('similarity.csv')[1]!.slice(1).map(Number);
  for (const [block, mean] of means.entries()) expect(mean).toBeCloseTo(Number(line![block + 1]), 5);
  expect((await toco([...args, '--figures', 'confusion'])).stderr).toContain('3 of 3 images are measured');

  const again = await toco([...args, '--figures', 'cams']);
  expect(again).toMatchObject({ status: 0 });
  expect(again.stdout).toBe(
    `${join(out, 'figures.html')} and 2 files beside it; ${report} shows them, too\n`,
  );
  expect(sectionsOf(report)).toEqual([...before.slice(0, place), 'figures', 'cams', ...before.slice(place)]);
}, 300_000);

test('show: two runs side by side; what is no report is left as it is', async () => {
  const out = join(folder, 'both');
  const page = join(folder, 'page.html');
  writeFileSync(page, '<p>mine</p>');
  const both = ['show', run, run, ...backbone, '--images', 'val-00000', '--limit', '1'];
  const wrong = await toco([...both, '--report', page, '--out', out]);
  expect(wrong).toMatchObject({ status: 1, stdout: '' });
  expect(wrong.stderr.trimEnd()).toMatch(/^.*page\.html: has no place for figures; [^\n]*$/);
  expect([readFileSync(page, 'utf8'), existsSync(out)]).toEqual(['<p>mine</p>', false]);

  const options = ['--figures', 'similarity,cams', '--names', 'one,other', '--out', out];
  expect(await toco([...both, ...options])).toMatchObject({ status: 0 });
  const csv = readFileSync(join(out, 'similarity.csv'), 'utf8').trimEnd().split('\n');
  expect(csv.map((line) => line.split(',')[0])).toEqual(['run', 'one', 'other']);
  expect(csv[1]!.slice(3)).toBe(csv[2]!.slice(5));
  // image, one CAM of each run, truth
  expect(await sizeOf(join(out, 'cams.png'))).toEqual([10 + 270 * 4, heightOf(join(out, 'cams.svg'))]);
}, 300_000);

test('show: what cannot be read is skipped by all figures, counted and named at the end', async () => {
  const data = join(folder, 'own');
  mkdirSync(join(data, 'boat'), { recursive: true });
  const photograph = await sharp({ create: { width: 64, height: 56, channels: 3, background: '#864' } })
    .jpeg()
    .toBuffer();
  for (const id of ['a', 'b']) writeFileSync(join(data, 'boat', `${id}.jpg`), photograph);
  for (const id of ['c', 'd']) writeFileSync(join(data, 'boat', `${id}.jpg`), photograph.subarray(0, 200));
  writeFileSync(join(data, 'val.txt'), ['a', 'b', 'c', 'd'].map((id) => `boat/${id}\n`).join(''));
  const classes = 'data.classes=[boat, house, fish, mushroom, car, rocket]';
  const out = join(folder, 'read');
  const set = ['--set', 'data.dataset=folder', classes];
  const args = [
    'show',
    run,
    run,
    '--names',
    'one,other',
    ...backbone,
    '--data',
    data,
    ...set,
    '--list',
    'val',
  ];
  const some = ['--images', 'boat/a,boat/c', '--figures', 'similarity,cams,patches'];
  const shown = await toco([...args, ...some, '-o', out, '--json']);
  expect(shown).toMatchObject({ status: 3 });
  expect(shown.stderr).toMatch(/^Skipped 2 of 4 images:\n {2}.*c\.jpg.*\n {2}.*d\.jpg.*$/m);
  const { skipped } = JSON.parse(shown.stdout) as { skipped: { message: string }[] };
  expect(skipped.map(({ message }) => /[cd]\.jpg/.exec(message)![0])).toEqual(['c.jpg', 'd.jpg']);
  const page = readFileSync(join(out, 'figures.html'), 'utf8');
  expect(page).toContain('mean of 2 images');
  // The command, with the names it was given, stands on the page as well.
  expect(page).toMatch(/>\s*boat\/a/);
  expect(page).not.toMatch(/>\s*boat\/c/);
  // image and one CAM of each run
  expect(await sizeOf(join(out, 'cams.png'))).toEqual([10 + 270 * 3, heightOf(join(out, 'cams.svg'))]);

  const strict = await toco([...args, ...some, '-o', out, '--strict']);
  expect(strict).toMatchObject({ status: 1 });
  const none = await toco([...args, '--images', 'boat/c', '--figures', 'cams', '-o', join(folder, 'none')]);
  expect(none).toMatchObject({ status: 1, stdout: '' });
  expect(none.stderr).toMatch(/^None of the images can be shown; the first: .*c\.jpg/m);
  expect(existsSync(join(folder, 'none'))).toBe(false);
}, 300_000);
