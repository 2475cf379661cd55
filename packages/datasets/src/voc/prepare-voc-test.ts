import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  assertNotAborted,
  fileSize,
  type OnPreparationProgress,
  parseChecksum,
  placeFile,
  removeUnfinished,
  requireFreeSpace,
  UserError,
} from '@toco/files';
import { filledLines } from '../annotations/text-file.js';
import { archiveMembers } from '../archive/archive-members.js';
import {
  archiveIdentity,
  archiveName,
  isAddress,
  obtainArchive,
  requireArchive,
} from '../prepare/obtain-archive.js';
import { openState } from '../prepare/preparation-state.js';
import { workWindow } from '../prepare/work-window.js';
import { assertFile, otherArchive } from './extract-voc.js';
import { vocCounts } from './voc-archives.js';
import { readVocList, requireFiles } from './voc-list.js';

/** Options of {@link prepareVocTest}. */
export interface PrepareVocTestOptions {
  /** Folder that `VOCdevkit/VOC2012` is made in, or is already. */
  readonly out: string;
  /** `VOC2012test.tar`: a file or an address; its owners give it to registered users of their server only. */
  readonly test: string;
  /** `md5:…` or `sha256:…` of the archive. */
  readonly checksum?: string | undefined;
  /** The archive holds a part of the images: their number is not checked. */
  readonly partial?: boolean | undefined;
  /** Whether a downloaded archive stays in `out/downloads`. */
  readonly keepDownloads?: boolean | undefined;
  readonly onProgress?: OnPreparationProgress | undefined;
  /** Ends the preparation; the same call goes on later. */
  readonly signal?: AbortSignal | undefined;
}

/** What {@link prepareVocTest} made. */
export interface PreparedVocTest {
  /** `VOCdevkit/VOC2012`. */
  readonly root: string;
  /** Images in the list `test`. */
  readonly images: number;
  /** Whether it was all there already. */
  readonly alreadyDone: boolean;
}

/** Photographs that are written at a time, and the bytes that one can have. */
const parallel = 16;
const mostBytes = 2 ** 25;

/**
 * Takes the test images of segmentation out of the owners' archive: the list `test` and its photographs, beside what
 * {@link prepareVoc} made, or alone. The archive's images for other competitions are left there; labels and masks are nobody's
 * but the server's.
 *
 * May be ended at any moment: the same call goes on where it stopped, and does nothing when all is done.
 *
 * @throws One line: no room on the disk, an archive that is missing, damaged, not whole or not to be trusted.
 *
 * @example
 * const { root, images } = await prepareVocTest({ out: 'data', test: 'VOC2012test.tar' });
 */
export async function prepareVocTest(options: PrepareVocTestOptions): Promise<PreparedVocTest> {
  const { out, test, checksum, partial = false, keepDownloads = false, onProgress, signal } = options;
  if (checksum !== undefined) parseChecksum(checksum);
  const root = join(out, 'VOCdevkit', 'VOC2012');
  const archive = { from: test, checksum };
  const inputs = { test: await archiveIdentity(archive) };
  const state = await openState(join(root, 'preparation-test.json'), inputs, Number.isInteger as IsCount);
  if (state.result !== undefined) {
    if (!partial) assertCount(root, state.result);
    return { root, images: state.result, alreadyDone: true };
  }
  const path = await obtainArchive(archive, join(out, 'downloads'), { onProgress, signal });
  const total = await requireArchive(path);
  await requireFreeSpace(root, total / 4);
  const stage = `extracting ${archiveName(path)}`;
  const onBytes = (done: number): void => onProgress?.({ stage, done, total, unit: 'bytes' });
  const images = await extractTest(path, root, { onBytes, signal });
  onBytes(total);
  if (!partial) assertCount(root, images);
  await removeUnfinished(join(root, 'JPEGImages'));
  await removeUnfinished(join(root, 'ImageSets', 'Segmentation'));
  await state.finish('all', images);
  if (isAddress(test) && !keepDownloads) await rm(path, { force: true });
  return { root, images, alreadyDone: false };
}

type IsCount = (value: unknown) => value is number;

const listName = /(?:^|\/)VOC2012\/ImageSets\/Segmentation\/test\.txt$/;

/** Takes the list and its photographs. @returns How many these are */
async function extractTest(
  path: string,
  root: string,
  { onBytes, signal }: { onBytes: (bytes: number) => void; signal: AbortSignal | undefined },
): Promise<number> {
  const list = await testList(path);
  const wanted = new Set(filledLines(new TextDecoder().decode(list)));
  const window = workWindow(parallel);
  try {
    for await (const member of archiveMembers(path)) {
      assertNotAborted(signal);
      onBytes(member.position);
      const id = /(?:^|\/)VOC2012\/JPEGImages\/([^/]+)\.jpg$/.exec(member.name)?.[1];
      if (id === undefined || !wanted.has(id)) continue;
      assertFile(member, path);
      const target = join(root, 'JPEGImages', `${id}.jpg`);
      if ((await fileSize(target)) === member.size) continue;
      const bytes = await member.read(mostBytes);
      await window.add(() => placeFile(target, bytes));
    }
  } finally {
    await window.finish();
  }
  // The list comes last: where it is, its photographs are.
  await placeFile(join(root, 'ImageSets', 'Segmentation', 'test.txt'), list);
  const ids = await readVocList(root, 'test');
  await requireFiles(join(root, 'JPEGImages'), ids, '.jpg');
  return ids.length;
}

/** The list, for which the archive is read once more: where it lies among the photographs is nobody's promise. */
async function testList(path: string): Promise<Uint8Array> {
  for await (const member of archiveMembers(path)) {
    if (!listName.test(member.name)) continue;
    assertFile(member, path);
    return member.read(2 ** 22);
  }
  throw otherArchive(path, 'VOCdevkit/VOC2012/ImageSets/Segmentation/test.txt');
}

function assertCount(root: string, images: number): void {
  if (images === vocCounts.test) return;
  throw new UserError(
    `${root}: list test has ${images} images instead of ${vocCounts.test}: the archive is not the owners' whole one; set partial (--partial) where a part is meant`,
  );
}
