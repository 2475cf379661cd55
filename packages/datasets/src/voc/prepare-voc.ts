import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseChecksum } from '@toco/files';
import { folderBytes, requireFreeSpace } from '@toco/files';
import {
  archiveIdentity,
  archiveName,
  isAddress,
  type NamedArchive,
  obtainArchive,
  requireArchive,
} from '../prepare/obtain-archive.js';
import { removeUnfinished } from '@toco/files';
import type { OnPreparationProgress } from '@toco/files';
import { openState } from '../prepare/preparation-state.js';
import { convertSbd } from './convert-sbd.js';
import { extractVoc } from './extract-voc.js';
import { assertWhole, finishVoc, isVocListLengths, type VocListLengths } from './finish-voc.js';
import { vocArchives, type ArchiveSource } from './voc-archives.js';

/** Options of {@link prepareVoc}. */
export interface PrepareVocOptions {
  /** Folder that `VOCdevkit/VOC2012` is made in. */
  readonly out: string;
  /** `VOCtrainval_11-May-2012.tar`: a file or an address; by default the owners' address. */
  readonly trainval?: string | undefined;
  /** SBD's `benchmark.tgz`: a file or an address; by default the owners' address. */
  readonly sbd?: string | undefined;
  /** `md5:…` or `sha256:…` of the archives; the owners' are known. */
  readonly checksums?:
    { readonly trainval?: string | undefined; readonly sbd?: string | undefined } | undefined;
  /** The archives hold a part of the data sets: their numbers of images are not checked. */
  readonly partial?: boolean | undefined;
  /** Threads that convert masks; 0 does so in the calling thread. */
  readonly workers?: number | undefined;
  /** Whether downloaded archives stay in `out/downloads`. */
  readonly keepDownloads?: boolean | undefined;
  readonly onProgress?: OnPreparationProgress | undefined;
  /** Ends the preparation; the same call goes on later. */
  readonly signal?: AbortSignal | undefined;
}

/** What {@link prepareVoc} made. */
export interface PreparedVoc {
  /** `VOCdevkit/VOC2012`, for `voc(root)`. */
  readonly root: string;
  /** Number of images in each list. */
  readonly lists: VocListLengths;
  /** Whether it was all there already. */
  readonly alreadyDone: boolean;
}

/** Bytes of the masks that come out of one byte of SBD's archive, at most; its photographs are left there. */
const maskShare = 0.1;

/**
 * Makes the layout that {@link voc} reads from the owners' archives: photographs, annotations and lists of VOC 2012, masks of VOC
 * and, where VOC has none, of SBD as palette PNGs in `SegmentationClassAug`, the list `train_aug` and image-level labels.
 *
 * May be ended at any moment, even by force: the same call goes on where it stopped, and does nothing when all is done.
 *
 * @throws One line: no room on the disk, an archive that is missing, damaged, not whole or not to be trusted.
 *
 * @example
 * const { root } = await prepareVoc({ out: 'data', trainval: 'VOCtrainval_11-May-2012.tar', sbd: 'benchmark.tgz' });
 * const list = await voc(root).list('train_aug');
 */
export async function prepareVoc(options: PrepareVocOptions): Promise<PreparedVoc> {
  const { out, partial = false, workers = availableParallelism(), keepDownloads = false } = options;
  const { onProgress, signal } = options;
  const trainval = named(vocArchives.trainval, options.trainval, options.checksums?.trainval);
  const sbd = named(vocArchives.sbd, options.sbd, options.checksums?.sbd);
  const root = join(out, 'VOCdevkit', 'VOC2012');

  const identities = { trainval: await archiveIdentity(trainval), sbd: await archiveIdentity(sbd) };
  const state = await openState(join(root, 'preparation.json'), identities, isVocListLengths);
  if (state.result !== undefined) {
    if (!partial) assertWhole(root, state.result);
    return { root, lists: state.result, alreadyDone: true };
  }
  const bytes = { trainval: await localBytes(trainval), sbd: await localBytes(sbd) };
  await requireRoom(root, state.has('trainval') ? { ...bytes, trainval: 0 } : bytes);
  // Masks of unknown origin are made anew; those of an earlier run with the same archives stay.
  if ((await folderBytes(join(root, 'SegmentationClassAug'))) === 0) await state.finish('own masks');
  const keep = state.has('own masks');

  const stage = async (
    name: 'trainval' | 'sbd',
    archive: NamedArchive,
    doing: string,
    run: (path: string, onBytes: (bytes: number) => void) => Promise<void>,
  ): Promise<void> => {
    if (state.has(name)) return;
    const path = await obtainArchive(archive, join(out, 'downloads'), { onProgress, signal });
    const total = await requireArchive(path);
    await requireRoom(root, { trainval: 0, sbd: 0, [name]: total });
    const onBytes = (done: number): void =>
      onProgress?.({ stage: `${doing} ${archiveName(path)}`, done, total, unit: 'bytes' });
    await run(path, onBytes);
    onBytes(total);
    await state.finish(name);
    if (isAddress(archive.from) && !keepDownloads) await rm(path, { force: true });
  };
  await stage('trainval', trainval, 'extracting', (path, onBytes) =>
    extractVoc(path, root, { signal, onBytes }),
  );
  await stage('sbd', sbd, 'converting masks of', (path, onBytes) =>
    convertSbd(path, root, { workers, keep, signal, onBytes }),
  );

  const lists = await finishVoc(root, { partial });
  const folders = ['Annotations', 'JPEGImages', 'SegmentationClass', 'SegmentationClassAug'];
  await Promise.all(folders.map((folder) => removeUnfinished(join(root, folder))));
  await removeUnfinished(join(root, 'ImageSets', 'Segmentation'));
  await state.finish('all', lists);
  return { root, lists, alreadyDone: false };
}

/** The archive that was named, or the owners'; a checksum of its own goes before the owners'. */
function named(owners: ArchiveSource, from = owners.url, checksum?: string): NamedArchive {
  if (checksum !== undefined) parseChecksum(checksum);
  return { from, checksum: checksum ?? (from === owners.url ? owners.checksum : undefined) };
}

async function localBytes({ from }: NamedArchive): Promise<number> {
  return isAddress(from) ? 0 : requireArchive(from);
}

/** Room for what comes out of so many bytes of the archives, less what is there already. */
async function requireRoom(root: string, bytes: { trainval: number; sbd: number }): Promise<void> {
  const there = bytes.trainval === 0 ? 0 : await folderBytes(join(root, 'JPEGImages'));
  await requireFreeSpace(root, Math.max(0, bytes.trainval - there) + maskShare * bytes.sbd);
}
