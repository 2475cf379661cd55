import { describe, expect, test } from '@jest/globals';
import { decodeLabelDictionary, decodeLabelPng } from '@toco/formats';
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadEvaluationSample } from '../../src/loader/evaluation-sample.js';
import { readLabelFile } from '../../src/annotations/label-file.js';
import { prepareVoc, type PreparedVoc, type PrepareVocOptions } from '../../src/voc/prepare-voc.js';
import { vocClasses } from '../../src/voc/voc-classes.js';
import { voc } from '../../src/voc/voc.js';
import { makeTar, type TestMember } from '../archive/make-tar.js';
import { makeZip } from '../archive/make-zip.js';
import { temporaryFolder, writeTree } from '../folder.js';
import { sbdMatFile } from './mat-file.js';
import { classOf, ids, maskOf, sbdMembers, smallArchives, trainAug, vocMembers } from './small-archives.js';

const folder = await temporaryFolder();
const archives = await smallArchives();
await writeTree(folder, archives);
const trainval = join(folder, 'VOCtrainval_11-May-2012.tar');
const sbd = join(folder, 'benchmark.tgz');

let runs = 0;
function prepare(options: Partial<PrepareVocOptions> = {}): Promise<PreparedVoc> {
  return prepareVoc({
    out: join(folder, `out-${runs++}`),
    trainval,
    sbd,
    partial: true,
    workers: 0,
    ...options,
  });
}

/** Names of all files with their content's hash, but without the state, which names the archives. */
async function contents(root: string): Promise<Record<string, string>> {
  const names = (await readdir(root, { recursive: true })).sort();
  const entries: [string, string][] = [];
  for (const name of names) {
    if (name === 'preparation.json' || (await stat(join(root, name))).isDirectory()) continue;
    entries.push([
      name,
      createHash('sha1')
        .update(await readFile(join(root, name)))
        .digest('hex'),
    ]);
  }
  return Object.fromEntries(entries);
}

const reference = await prepare();
const expected = await contents(reference.root);

async function failure(work: Promise<unknown>): Promise<string> {
  const { message } = await work.then(
    () => new Error('did not fail'),
    (error: unknown) => error as Error,
  );
  expect(message).not.toContain('\n');
  return message;
}

async function broken(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
}

describe('prepareVoc', () => {
  test('makes the layout that voc() reads', async () => {
    const { root, lists, alreadyDone } = reference;
    expect({ lists, alreadyDone }).toEqual({ lists: { train_aug: 5, train: 2, val: 2 }, alreadyDone: false });
    const data = voc(root);
    const [train, val] = [await data.list('train_aug'), await data.list('val')];
    expect(Array.from({ length: train.length }, (_, i) => train.sample(i).id)).toEqual(trainAug);
    expect(Array.from({ length: val.length }, (_, i) => val.sample(i).id)).toEqual(ids.val);
    for (let i = 0; i < train.length; i++) {
      const { id, mask, labels } = await loadEvaluationSample(train.sample(i));
      expect([id, ...mask!.data]).toEqual([id, ...maskOf(id, ids.train.includes(id) ? 'voc' : 'sbd')]);
      expect(labels.indexOf(1)).toBe(classOf(id) - 1);
    }
    expect((await loadEvaluationSample(val.sample(0))).mask!.data).toEqual(maskOf(ids.val[0]!, 'voc'));
  });

  test('label files say the same, and nothing but what is needed is taken', async () => {
    const npy = decodeLabelDictionary(await readFile(join(reference.root, 'cls_labels_onehot.npy')));
    const json = await readLabelFile(join(reference.root, 'cls_labels.json'), vocClasses);
    expect([...npy.keys()]).toEqual([...trainAug, ...ids.val]);
    for (const [id, labels] of json) expect(Array.from(npy.get(id)!)).toEqual(Array.from(labels));
    expect((await readdir(reference.root)).sort()).toEqual([
      'Annotations',
      'ImageSets',
      'JPEGImages',
      'SegmentationClass',
      'SegmentationClassAug',
      'cls_labels.json',
      'cls_labels_onehot.npy',
      'preparation.json',
    ]);
    const mask = await readFile(join(reference.root, 'SegmentationClassAug', '2008_000002.png'));
    expect(mask[25]).toBe(3); // a palette
    expect(decodeLabelPng(mask).data).toEqual(maskOf('2008_000002', 'sbd'));
  });

  test('a second run does nothing; other archives begin anew', async () => {
    const own = join(folder, 'own');
    await writeTree(own, archives);
    const paths = { trainval: join(own, 'VOCtrainval_11-May-2012.tar'), sbd: join(own, 'benchmark.tgz') };
    const out = join(folder, 'twice');
    await prepare({ out, ...paths });
    const root = join(out, 'VOCdevkit', 'VOC2012');
    const before = (await stat(join(root, 'cls_labels.json'))).mtimeMs;
    expect(await prepare({ out, ...paths })).toMatchObject({ alreadyDone: true, lists: reference.lists });
    expect((await stat(join(root, 'cls_labels.json'))).mtimeMs).toBe(before);

    const changed = sbdMembers().filter(({ name }) => !name.endsWith('2008_000008.mat'));
    await writeFile(paths.sbd, gzipSync(await makeTar(changed)));
    await writeTree(root, { 'SegmentationClassAug/2008_000002.png': 'a mask of unknown origin' });
    await rm(join(root, 'SegmentationClassAug/2008_000008.png'));
    expect(await failure(prepare({ out, ...paths }))).toMatch(
      /SegmentationClassAug\/2008_000008\.png: the file does not exist$/,
    );
    await writeFile(paths.sbd, archives['benchmark.tgz']!);
    await prepare({ out, ...paths });
    expect(await contents(root)).toEqual(expected);
  });

  test.each(['{ "inputs": ', '{}', 'null', '[]', 'no result'])(
    'a damaged preparation.json (%s) is made anew, and so is what it stood for',
    async (content) => {
      const out = join(folder, `out-${runs++}`);
      const { root } = await prepare({ out });
      const path = join(root, 'preparation.json');
      const { inputs, finished } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
      await writeFile(path, content === 'no result' ? JSON.stringify({ inputs, finished }) : content);
      expect(await prepare({ out })).toMatchObject({ alreadyDone: false, lists: reference.lists });
      expect(await prepare({ out })).toMatchObject({ alreadyDone: true, lists: reference.lists });
      expect(await contents(root)).toEqual(expected);
    },
  );

  test('threads, zip and other packing give the same', async () => {
    const zip = await broken('voc.zip', makeZip(await vocMembers()));
    const tgz = await broken('voc.tar.gz', gzipSync(archives['VOCtrainval_11-May-2012.tar']!));
    for (const options of [{ workers: 2 }, { trainval: zip }, { trainval: tgz }]) {
      const { root } = await prepare(options);
      expect(await contents(root)).toEqual(expected);
    }
  });

  test('goes on after it was ended between any two files', async () => {
    const out = join(folder, 'interrupted');
    let interruptions = 0;
    for (let limit = 1; ; limit += 3) {
      const abort = new AbortController();
      let told = 0;
      const onProgress = (): void => {
        if (++told >= limit) abort.abort();
      };
      const result = await prepare({ out, onProgress, signal: abort.signal }).catch(
        (error: unknown) => error,
      );
      if (!(result instanceof Error)) break;
      expect(result.message).toBe('interrupted; run the same command to continue where it stopped');
      interruptions++;
    }
    expect(interruptions).toBeGreaterThan(5);
    expect(await contents(join(out, 'VOCdevkit', 'VOC2012'))).toEqual(expected);
  });

  test('progress grows to the whole of each archive', async () => {
    const seen = new Map<string, number[]>();
    await prepare({
      onProgress: ({ stage, done, total }) => {
        seen.set(stage, [...(seen.get(stage) ?? []), done / total]);
      },
    });
    expect([...seen.keys()]).toEqual([
      'extracting VOCtrainval_11-May-2012.tar',
      'converting masks of benchmark.tgz',
    ]);
    for (const shares of seen.values()) {
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(shares.at(-1)).toBe(1);
    }
  });
});

describe('one line for what is wrong', () => {
  test('numbers of images are checked unless archives are partial', async () => {
    const out = join(folder, 'counted');
    const message =
      /VOC2012: list train has 2 images instead of 1464: an archive is not the owners' whole one/;
    expect(await failure(prepare({ out, partial: false }))).toMatch(message);
    await prepare({ out });
    expect(await failure(prepare({ out, partial: false }))).toMatch(message);
  });

  test('archives that are missing, swapped, damaged or cut short', async () => {
    expect(await failure(prepare({ sbd: join(folder, 'none.tgz') }))).toMatch(
      /none\.tgz: the archive does not exist$/,
    );
    expect(await failure(prepare({ trainval: sbd }))).toBe(
      `${sbd}: holds nothing of VOCdevkit/VOC2012/JPEGImages and the like; is it another archive?`,
    );
    expect(await failure(prepare({ sbd: trainval }))).toBe(
      `${trainval}: holds nothing of SBD's dataset/cls and lists; is it another archive?`,
    );
    const tar = archives['VOCtrainval_11-May-2012.tar']!;
    for (const length of [100, 512, 5000, tar.length - 1024]) {
      const path = await broken('cut.tar', tar.subarray(0, length));
      expect(await failure(prepare({ trainval: path }))).toBe(
        `${path}: the archive is cut short; fetch it again`,
      );
    }
    const tgz = archives['benchmark.tgz']!;
    const cut = await broken('cut.tgz', tgz.subarray(0, tgz.length - 20));
    expect(await failure(prepare({ sbd: cut }))).toBe(`${cut}: the archive is cut short; fetch it again`);
    const text = await broken('page.tgz', Buffer.from('<html>not here</html>'.repeat(100)));
    expect(await failure(prepare({ sbd: text }))).toMatch(/page\.tgz: the archive is damaged, or none/);
  });

  test('checksums', async () => {
    const md5 = createHash('md5').update(archives['benchmark.tgz']!).digest('hex');
    await prepare({ checksums: { sbd: `md5:${md5.toUpperCase()}` } });
    const wrong = `sha256:${'0'.repeat(64)}`;
    expect(await failure(prepare({ checksums: { trainval: wrong } }))).toMatch(
      /VOCtrainval_11-May-2012\.tar: the sha256 checksum is [0-9a-f]{64}, not 0{64}: the file is damaged or another one/,
    );
    expect(await failure(prepare({ checksums: { sbd: 'md5:12' } }))).toBe(
      'checksum "md5:12": write md5:, sha1: or sha256: and the hexadecimal digits',
    );
  });

  const inVoc = (name: string): string => `VOCdevkit/VOC2012/${name}`;
  const hostile: [string, TestMember, RegExp][] = [
    [
      'a path upwards',
      { name: '../evil.jpg' },
      /member "\.\.\/evil\.jpg" would be written outside of the target/,
    ],
    [
      'a path upwards within',
      { name: inVoc('JPEGImages/../../../../evil.jpg'), content: 'x' },
      /would be written outside of the target/,
    ],
    [
      'an absolute path',
      { name: '/tmp/VOC2012/JPEGImages/evil.jpg' },
      /would be written outside of the target/,
    ],
    [
      'a link',
      { name: inVoc('JPEGImages/a.jpg'), type: 'symlink', linkname: '/etc/passwd' },
      /is a link or device/,
    ],
    ['a hard link', { name: inVoc('Annotations/a.xml'), type: 'link', linkname: 'x' }, /is a link or device/],
    [
      'an absurd size',
      { name: inVoc('ImageSets/Segmentation/train.txt'), content: Buffer.alloc(2 ** 22 + 1) },
      /train\.txt has 4194305 bytes, more than the 4194304 that such a file can have/,
    ],
  ];
  test.each(hostile)('%s', async (_name, member, message) => {
    const path = await broken('hostile.tar', await makeTar([member, ...(await vocMembers())]));
    const out = join(folder, `hostile-${runs}`, 'out');
    expect(await failure(prepare({ trainval: path, out }))).toMatch(message);
    const written = await readdir(join(out, '..'), { recursive: true });
    expect(written.filter((name) => /evil|a\.jpg|a\.xml/.test(name))).toEqual([]);
  });

  const matlab = sbdMatFile(new Uint8Array(6), 2, 3);
  const masks: [string, Uint8Array | string, RegExp][] = [
    ['no MATLAB file', 'text', /2008_000002\.mat: .*no MATLAB file/],
    [
      'outside of the classes',
      sbdMatFile(Uint8Array.of(0, 21), 1, 2),
      /2008_000002\.mat: label 21 is outside of the 20 classes$/,
    ],
    ['no such structure', matlab.subarray(0, 128), /2008_000002\.mat: there is no GTcls\.Segmentation/],
  ];
  test.each(masks)('a mask that is %s', async (_name, content, message) => {
    const members = sbdMembers().map((member) =>
      member.name.endsWith('cls/2008_000002.mat') ? { ...member, content } : member,
    );
    const path = await broken('masks.tgz', gzipSync(await makeTar(members)));
    expect(await failure(prepare({ sbd: path }))).toMatch(message);
  });
});
