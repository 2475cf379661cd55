import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeLabelPng, decodeNpy, decodeNpyObjects } from '@toco/formats';
import { askPython, findPython, testWhere } from '@toco/testing';
import sharp from 'sharp';
import { main, tinyNetwork, toco } from './run-toco.js';

const folder = mkdtempSync(join(tmpdir(), 'toco-predict-'));
const photos = join(folder, 'photos');

beforeAll(async () => {
  await mkdir(join(photos, 'deep'), { recursive: true });
  const noise = (width: number, height: number): ReturnType<typeof sharp> =>
    sharp({
      create: {
        width,
        height,
        channels: 3,
        background: '#888',
        noise: { type: 'gaussian', mean: 128, sigma: 40 },
      },
    });
  await noise(60, 40).withMetadata({ orientation: 6 }).jpeg().toFile(join(photos, 'turned.jpg'));
  await noise(50, 40).greyscale().jpeg().toFile(join(photos, 'gray.jpg'));
  await noise(50, 40)
    .toColourspace('rgb16')
    .png()
    .toFile(join(photos, 'deep', 'sixteen.png'));
  await noise(50, 40).toColourspace('cmyk').jpeg().toFile(join(photos, 'cmyk.jpg'));
  await noise(70, 1).png().toFile(join(photos, 'line.png'));
  const broken = await noise(80, 80).jpeg().toBuffer();
  writeFileSync(join(photos, 'broken.jpg'), broken.subarray(0, broken.length / 2));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('predict: a folder of odd photographs, one of them broken; again: only what is not there', async () => {
  const out = join(folder, 'predicted');
  const save = ['--save', 'masks,overlays,cams,npy,npy8,scores'];
  const args = ['predict', ...tinyNetwork, photos, '--out', out, ...save];
  const first = await toco(args);
  expect(first.status).toBe(3);
  expect(first.stderr).toMatch(/^Network .*; 6 photographs; masks, overlays, cams, npy, npy8, scores into /m);
  expect(first.stderr).toMatch(/^Protocol fast: squashed to 48×48/m);
  expect(first.stderr).toMatch(/^Skipped 1 of 6 images:\n {2}.*broken\.jpg: the image is cut short/m);
  const lines = first.stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(5);
  for (const line of lines) expect(line).toMatch(/^\d\/6 \S+\.(?:jpg|png) \d+×\d+: .+; \d+ ms$/);
  // As a viewer shows it: 60 × 40 pixels, turned.
  expect(first.stdout).toMatch(/turned\.jpg 40×60: /);

  const rows = readFileSync(join(out, 'scores.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line) as { path: string; width: number; height: number; found: { pixels: number }[] },
    );
  expect(rows.map(({ path }) => path.slice(photos.length + 1))).toEqual([
    ...['cmyk.jpg', 'deep/sixteen.png', 'gray.jpg', 'line.png', 'turned.jpg'],
  ]);
  for (const { path, width, height, found } of rows) {
    const name = path.slice(photos.length + 1, -4);
    const mask = decodeLabelPng(readFileSync(join(out, 'masks', `${name}.png`)));
    expect(mask).toMatchObject({ width, height });
    expect(mask.data.filter((label) => label > 0)).toHaveLength(
      found.reduce((sum, { pixels }) => sum + pixels, 0),
    );
    const overlay = await sharp(join(out, 'overlays', `${name}.jpg`)).metadata();
    expect(overlay).toMatchObject({ width, height });
    const { shape, data } = decodeNpy(readFileSync(join(out, 'npy', `${name}.npy`)));
    expect(shape).toEqual([7, height, width]);
    // The label of a pixel is its most probable class.
    const at = Math.floor((width * height) / 2);
    const column = Array.from({ length: 7 }, (_, k) => Number(data[k * width * height + at]));
    expect(column.indexOf(Math.max(...column))).toBe(mask.data[at]);
    expect(column.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    expect(decodeNpy(readFileSync(join(out, 'npy8', `${name}.npy`)))).toMatchObject({
      dtype: 'uint8',
      shape,
    });
  }
  expect(readdirSync(join(out, 'cams')).some((name) => name.startsWith('gray-'))).toBe(true);

  rmSync(join(out, 'masks', 'gray.png'));
  const again = await toco([...args, '--strict', '--json']);
  expect(again.status).toBe(1);
  expect(again.stderr).toMatch(/^4 of 6 photographs are done already\.$/m);
  expect(
    again.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { name?: string; path: string; skipped?: string })
      .map(
        ({ name, path, skipped }) =>
          name ?? `${path}: ${String(skipped?.includes('the image is cut short'))}`,
      )
      // Those done already come first, in the order of the list.
      .map((told, i) => (i < 4 ? `${i} ${told}` : told))
      .sort(),
  ).toEqual(
    [
      ...['0 cmyk', '1 deep/sixteen', '2 line', '3 turned'],
      ...['gray', `${join(photos, 'broken.jpg')}: true`],
    ].sort(),
  );
  const other = await toco([...args, '--size', '64']);
  expect(other).toMatchObject({ status: 1, stdout: '' });
  expect(other.stderr).toMatch(
    /: holds results of other settings; choose another --out, or overwrite them with --again\.$/m,
  );
});

test('predict: photographs of one name from several calls keep their files, and scores are of all', async () => {
  const [x, y] = [join(folder, 'calls', 'x'), join(folder, 'calls', 'y')];
  for (const [place, background] of [
    [x, '#a42'],
    [y, '#24a'],
  ] as const) {
    await mkdir(place, { recursive: true });
    const plain = sharp({ create: { width: 30, height: place === x ? 20 : 24, channels: 3, background } });
    await plain.jpeg().toFile(join(place, 'a.jpg'));
    await plain.jpeg().toFile(join(place, 'z.jpg'));
  }
  const out = join(folder, 'calls', 'out');
  const predict = (...sources: string[]): ReturnType<typeof toco> =>
    toco(['predict', ...tinyNetwork, ...sources, '--out', out, '--save', 'masks,scores']);
  const first = [join(x, 'z.jpg'), join(x, 'a.jpg')];
  expect(await predict(...first)).toMatchObject({ status: 0 });
  expect(await predict(join(y, 'a.jpg'))).toMatchObject({ status: 0 });
  const sizes = (): (readonly [string, number])[] =>
    readdirSync(join(out, 'masks'))
      .sort()
      .map((name) => [name, decodeLabelPng(readFileSync(join(out, 'masks', name))).height] as const);
  const expected = [
    ['a.png', 20],
    ['a_jpg.png', 24],
    ['z.png', 20],
  ];
  expect(sizes()).toEqual(expected);
  const scored = (): unknown[] =>
    readFileSync(join(out, 'scores.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { path: string; files: string[] })
      .map(({ path, files }) => [path, files]);
  const rows = [
    [join(x, 'z.jpg'), ['masks/z.png']],
    [join(x, 'a.jpg'), ['masks/a.png']],
    [join(y, 'a.jpg'), ['masks/a_jpg.png']],
  ];
  expect(scored()).toEqual(rows);
  // Each is found again, alone and from another folder too.
  const again = await predict(...first, relative(process.cwd(), join(y, 'a.jpg')));
  expect(again.stderr).toMatch(/^3 of 3 photographs are done already\.$/m);
  expect((await predict(join(y, 'a.jpg'))).stderr).toMatch(/^1 of 1 photograph /m);
  expect(sizes()).toEqual(expected);
  expect(scored()).toEqual(rows);
});

test('predict: names on standard input; parts; what would take too much memory is refused in one line', async () => {
  const out = join(folder, 'piped');
  const child = spawn(process.execPath, [
    main,
    'predict',
    ...tinyNetwork,
    '-',
    '--out',
    out,
    '--no-orientation',
    '--save',
    'masks',
  ]);
  child.stdin.end(`${join(photos, 'turned.jpg')}\n\n${join(photos, 'gone.jpg')}\n`);
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const status = await new Promise((resolve) => child.on('close', resolve));
  expect(status).toBe(3);
  expect(text).toMatch(/gone\.jpg: the file does not exist$/m);
  expect(decodeLabelPng(readFileSync(join(out, 'masks', 'turned.png')))).toMatchObject({
    width: 60,
    height: 40,
  });

  const small = join(photos, '*.jpg');
  const named = await toco([
    'predict',
    ...tinyNetwork,
    small,
    '--out',
    join(folder, 'part'),
    '--shard',
    '1/2',
    '--json',
  ]);
  expect(
    named.stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { name: string }).name),
  ).toEqual(['cmyk', 'turned']);
  const none = ['--shard', '1/2', '--out', join(folder, 'none')];
  expect(await toco(['predict', ...tinyNetwork, join(photos, 'gray.jpg'), ...none])).toEqual({
    ...{ status: 0, stdout: '' },
    stderr: 'Part 1 of 2 has none of the 1 photograph: nothing to do.\n',
  });
  const refused = await toco([
    'predict',
    ...tinyNetwork,
    join(photos, 'gray.jpg'),
    '--out',
    join(folder, 'no'),
    '--memory',
    '1kB',
  ]);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr.trimEnd().split('\n').at(-1)).toMatch(
    /^No photograph could be read: .*gray\.jpg: .*--window/,
  );
});

test('a CRF that would take more memory than there is, even with fewer classes, is refused and not computed', async () => {
  const wide = join(folder, 'wide.png');
  await sharp({ create: { width: 1000, height: 800, channels: 3, background: '#864' } })
    .png()
    .toFile(wide);
  // Random weights find all classes probable everywhere; three of seven fit.
  const args = ['predict', ...tinyNetwork, wide, join(photos, 'gray.jpg'), '--crf', 'toco', '--json'];
  const { status, stdout, stderr } = await toco([
    ...args,
    ...['--out', join(folder, 'crf'), '--save', 'masks', '--memory', '1050MB'],
  ]);
  expect(status).toBe(3);
  expect(stderr).toMatch(
    /^Skipped 1 of 2 images:\n {2}.*wide\.png: memory \(--memory\) does not suffice for the CRF of 1000×800 pixels, .*--crf none\.$/m,
  );
  const [skipped, row, ...others] = stdout.trimEnd().split('\n');
  expect(JSON.parse(skipped!)).toEqual({ path: wide, skipped: expect.stringContaining('for the CRF of') });
  expect(JSON.parse(row!)).toMatchObject({ name: 'gray', leftOut: [] });
  expect(others).toEqual([]);
});

test('label: what a refinement would take belongs to the estimate', async () => {
  const large = ['--set', 'data.synthetic.size=160', 'data.synthetic.train=2'];
  const args = ['label', ...tinyNetwork, ...large, '--limit', '1', '--memory', '100MB'];
  const refused = await toco([...args, '--out', join(folder, 'refused')]);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr.trimEnd().split('\n').at(-1)).toMatch(
    /^No image could be labeled: .* \d+×\d+ pixels would take \d+ MB .* 100 MB may be taken \(--memory\); choose a smaller image, or another way than --refine par\.$/,
  );
  const plain = await toco([...args, '--refine', 'none', '--out', join(folder, 'plain')]);
  expect(plain).toMatchObject({ status: 0 });
});

test('label: thresholds are those that the run ends with, one for all classes', async () => {
  const phases = (high: string): string =>
    `phases=[{from: 0, weights: {cls: 1, clsAux: 1, ptc: 0, ctc: 0, seg: 0, reg: 0}, cam: {high: ${high}, anneal: linear}}]`;
  const label = (high: string, ...more: string[]): ReturnType<typeof toco> =>
    toco([
      ...['label', ...tinyNetwork, '--set', phases(high), '--limit', '1', '--refine', 'none'],
      ...['--out', join(folder, 'ended'), ...more],
    ]);
  expect((await label('0.55')).stderr).toMatch(/ background to 0\.25, class above 0\.55, 255 between\. /);
  const each = '[0.5, 0.6, 0.6, 0.6, 0.6, 0.6]';
  const refused = await label(each);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr.trimEnd().split('\n').at(-1)).toBe(
    'The run ends with thresholds of each class (high: 0.5 to 0.6), and labels take one for all; give --low and --high.',
  );
  const short = await label('[0.5, 0.6]');
  expect(short).toMatchObject({ status: 1, stdout: '' });
  expect(short.stderr.trimEnd().split('\n').at(-1)).toBe(
    'phases.0.cam.high has 2 values for 6 classes; give one for each, or one number.',
  );
  expect((await label(each, '--high', '0.5')).stderr).toMatch(/ class above 0\.5, /);
});

const formats = ['--save', 'irn,psa,mctformer,coco-rle,coco-polygons,cvat,labelme,yolo,labelmap'];

test('label: masks, lists, dictionaries and COCO; three parts merged are the whole', async () => {
  const whole = join(folder, 'labels');
  const args = ['label', ...tinyNetwork, '--limit', '5', ...formats, '--out'];
  const labeled = await toco([...args, whole, '--low', '0.3', '--high', '0.5']);
  expect(labeled).toMatchObject({ status: 0 });
  expect(labeled.stderr).toMatch(
    /^Labels: CAM of the true classes, refined by PAR, background to 0\.3, class above 0\.5, 255 between\. Protocol fast/m,
  );
  const ids = readFileSync(join(whole, 'list.txt'), 'utf8').trimEnd().split('\n');
  expect(ids).toHaveLength(5);
  const { images, annotations } = JSON.parse(readFileSync(join(whole, 'instances-rle.json'), 'utf8')) as {
    images: { id: number }[];
    annotations: { id: number; area: number }[];
  };
  expect(images.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
  expect(annotations.map(({ id }) => id)).toEqual(annotations.map((_, i) => i + 1));
  const pixels = ids.reduce((sum, id) => {
    const { data } = decodeLabelPng(readFileSync(join(whole, 'masks', `${id}.png`)));
    return sum + data.filter((label) => label > 0 && label < 255).length;
  }, 0);
  expect(annotations.reduce((sum, { area }) => sum + area, 0)).toBe(pixels);
  const {
    values: [irn],
  } = decodeNpyObjects(readFileSync(join(whole, 'irn', `${ids[0]!}.npy`)));
  expect([...(irn as Map<string, unknown>).keys()]).toEqual(['keys', 'cam', 'high_res']);

  const again = await toco([...args, whole, '--low', '0.3', '--high', '0.5']);
  expect(again.stderr).toMatch(/^5 of 5 images are there already\.$/m);
  const [parts, merged] = [join(folder, 'label-parts'), join(folder, 'label-merged')];
  for (const shard of ['0/3', '1/3', '2/3', '1/3'])
    expect(await toco([...args, parts, '--low', '0.3', '--high', '0.5', '--shard', shard])).toMatchObject({
      status: 0,
    });
  const journals = ['2', '0', '1'].map((index) => join(parts, `label-${index}-of-3.jsonl`));
  const missing = await toco(['label', '--merge', ...journals.slice(1), '--out', merged]);
  expect(missing).toMatchObject({ status: 1, stdout: '' });
  expect(await toco(['label', '--merge', ...journals, '--out', merged])).toMatchObject({ status: 0 });
  const forAll = ['instances-rle.json', 'instances-polygons.json', 'cvat/annotations.xml', 'yolo/data.yaml'];
  const perImage = ids.flatMap((id) => [`labelme/${id}.json`, `yolo/labels/${id}.txt`]);
  for (const name of ['list.txt', 'list-deeplab.txt', 'labelmap/labelmap.txt', ...forAll, ...perImage])
    expect(readFileSync(join(merged, name), 'utf8')).toBe(readFileSync(join(whole, name), 'utf8'));
  for (const id of ids)
    expect(
      readFileSync(join(merged, 'masks', `${id}.png`)).equals(
        readFileSync(join(whole, 'masks', `${id}.png`)),
      ),
    ).toBe(true);
});

test('label, evaluate: after a broken photograph is repaired only that one is done; of one that is another now nothing old stays', async () => {
  const data = join(folder, 'repaired');
  const network = [...tinyNetwork, ...['data.dataset=folder', `data.root=${data}`]];
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const photograph = (side: number): Promise<Buffer> =>
    sharp({ create: { width: side, height: side, channels: 3, background: '#864' } })
      .jpeg()
      .toBuffer();
  for (const name of names) {
    await mkdir(join(data, name), { recursive: true });
    writeFileSync(join(data, name, '1.jpg'), await photograph(48));
  }
  writeFileSync(join(data, 'train.txt'), 'a/1\nb/1\n');
  writeFileSync(join(data, 'val.txt'), 'c/1\n');
  const [first, second] = [join(data, 'a', '1.jpg'), join(data, 'b', '1.jpg')];
  writeFileSync(first, (await photograph(48)).subarray(0, 100));
  const commands = [
    ['label', ...network, '--refine', 'none', '--list', 'train', '--out', join(folder, 'label-repaired')],
    ['evaluate', ...network, '--list', 'train', '--out', join(folder, 'evaluate-repaired')],
  ];
  for (const args of commands) expect(await toco(args)).toMatchObject({ status: 3 });
  writeFileSync(first, await photograph(48));
  const [labeled, evaluated] = [await toco(commands[0]!), await toco(commands[1]!)];
  expect(labeled.status).toBe(0);
  expect(labeled.stderr).toMatch(/^1 of 2 images are there already\.$/m);
  expect(evaluated.status).toBe(0);
  expect(evaluated.stderr).toMatch(/^Continuing after 1 of 2 images\.$/m);

  writeFileSync(second, await photograph(64));
  const relabeled = await toco(commands[0]!);
  expect(relabeled.stderr).toMatch(/^1 of 2 images are there already\.$/m);
  const mask = decodeLabelPng(readFileSync(join(folder, 'label-repaired', 'masks', 'b', '1.png')));
  expect(mask).toMatchObject({ width: 64, height: 64 });
  const again = await toco(commands[1]!);
  expect(again.stderr).toMatch(/: the image b\/1 is another one now\. All are evaluated again\.$/m);
  expect(again.status).toBe(0);
});

test('label: a part without images, and one whose images are all skipped, are done and merged', async () => {
  const out = join(folder, 'label-few');
  const label = (shard: string, ...more: string[]): ReturnType<typeof toco> =>
    toco([
      ...['label', ...tinyNetwork, '--limit', '2', '--refine', 'none', '--out', out],
      ...['--shard', shard, ...more],
    ]);
  expect(await label('0/3')).toMatchObject({ status: 0 });
  const skipped = await label('1/3', '--memory', '1kB');
  expect(skipped.status).toBe(3);
  expect(skipped.stderr).toMatch(/^Skipped 1 of 1 image:$/m);
  const empty = await label('2/3', '--json');
  expect(empty.status).toBe(0);
  expect(JSON.parse(empty.stdout)).toMatchObject({ images: 0, ignored: 0, skipped: [] });
  const journals = [0, 1, 2].map((index) => join(out, `label-${index}-of-3.jsonl`));
  // Into the folder of the parts, without --out.
  const merged = await toco(['label', '--merge', ...journals, '--json']);
  expect(merged.status).toBe(3);
  expect(JSON.parse(merged.stdout)).toMatchObject({
    ...{ images: 1, out, written: [join(out, 'list.txt'), join(out, 'list-deeplab.txt')], skipped: [{}] },
  });
});

test.each([
  [
    ['--merge', 'label-0-of-1.jsonl', '--save', 'coco-rle'],
    '--save: belongs to the commands that make the parts, not to --merge, which takes --merge, --out, --again, --json, --strict.',
  ],
  [
    ['.', '--merge', 'label-0-of-1.jsonl'],
    '.: is a folder; --merge takes the files of the parts, and no run.',
  ],
  [
    [...tinyNetwork, '--crf', 'toco'],
    '--crf toco: refines the segmentation, and labels are made --from cam; give --refine toco.',
  ],
  [
    [...tinyNetwork, '--from', 'aux', '--crf', 'toco'],
    '--crf toco: refines the segmentation, and labels are made --from aux; give --refine toco.',
  ],
])('label: what would be ignored is refused in one line: %#', async (args, line) => {
  const refused = await toco(['label', ...args]);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr.trimEnd().split('\n')).toEqual([line]);
});

testWhere(
  test,
  findPython('numpy', 'PIL', 'pycocotools') !== undefined,
  'no Python with numpy, Pillow and pycocotools, see TOCO_TEST_PYTHON',
)('label: of the segmentation by a CRF, as other programs read it', async () => {
  const out = join(folder, 'of-segmentation');
  const how = ['--from', 'segmentation', '--refine', 'toco-cam', '--protocol', 'fast'];
  expect(
    await toco(['label', ...tinyNetwork, '--limit', '3', ...how, ...formats, '--out', out]),
  ).toMatchObject({
    status: 0,
  });
  const script = `
import contextlib, io, json, sys, numpy as np
from PIL import Image
from pycocotools.coco import COCO
root = sys.argv[1]
ids = open(root + '/list.txt').read().split()
rows = []
for form in ('rle', 'polygons'):
    with contextlib.redirect_stdout(io.StringIO()): coco = COCO(f'{root}/instances-{form}.json')
    for i, name in enumerate(ids):
        mask = Image.open(f'{root}/masks/{name}.png')
        labels = np.array(mask)
        drawn = np.zeros_like(labels)
        for a in coco.loadAnns(coco.getAnnIds(imgIds=[i + 1])): drawn[coco.annToMask(a) > 0] = a['category_id']
        psa = np.load(f'{root}/psa/{name}.npy', allow_pickle=True).item()
        rows.append([mask.mode, bool((drawn == np.where(labels == 255, 0, labels)).all()), all(v.shape == labels.shape for v in psa.values()),
                     set(np.unique(labels)) - {0, 255} <= {k + 1 for k in psa}])
print(json.dumps(rows))`;
  const rows = askPython(findPython('numpy')!, script, [out]);
  expect(rows).toEqual(Array.from({ length: 6 }, () => ['P', true, true, true]));
});
