import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { archiveMembers } from '../archive/archive-members.js';
import { archiveIdentity } from '../prepare/obtain-archive.js';
import { fileSize, placeFile, UserError } from '@toco/files';
import { assertNotAborted, type OnPreparationProgress } from '@toco/files';
import { workWindow } from '../prepare/work-window.js';
import { assertFile, otherArchive } from '../voc/extract-voc.js';
import { cocoSplits, type CocoList } from './coco-layout.js';

const annotationsArchive = 'annotations_trainval2014.zip';
const annotationsLimit = 2 ** 30;
const imageLimit = 2 ** 25;

/** Files that are written at a time. */
const PARALLEL = 16;

/** How archives are taken apart. */
export interface UnpackOptions {
  readonly onProgress?: OnPreparationProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file or folder of COCO where it is, or the archive it is still in. */
export type CocoInput = { readonly path: string } | { readonly archive: string; readonly target: string };

/**
 * Where the annotations of a list are: in `annotations/`, in the folder itself, or in the owners' archive.
 *
 * @throws One line when they are nowhere.
 */
export function annotationsInput(root: string, out: string, list: CocoList): CocoInput {
  const name = `instances_${cocoSplits[list]}.json`;
  const places = [join(root, 'annotations', name), join(root, name)];
  return input(
    places,
    join(root, annotationsArchive),
    join(out, 'annotations', name),
    otherAnnotations(root),
  );
}

/**
 * Where the photographs of a list are: in their folder, or in the owners' archive.
 *
 * @throws One line when they are nowhere.
 */
export function imagesInput(root: string, out: string, list: CocoList): CocoInput {
  const name = cocoSplits[list];
  return input([join(root, name)], join(root, `${name}.zip`), join(out, name));
}

/** What to say of annotations that are there, but not those of 2014. */
function otherAnnotations(root: string): string {
  const other = ['annotations', '.']
    .flatMap((folder) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : []))
    .find((name) => /^(?:instances|annotations)_.*\.(?:json|zip)$|\.coco\.json$/.test(name));
  return other === undefined
    ? ''
    : `; there is ${other}: COCO of another year, or of categories of your own, needs no preparation: toco train --data ${root}`;
}

function input(places: readonly string[], archive: string, target: string, hint = ''): CocoInput {
  const path = places.find((place) => existsSync(place));
  // What lies where the archive is unpacked to may be half of it, by a run that was ended.
  const mayBePart = path === target && existsSync(archive);
  if (path !== undefined && !mayBePart) return { path };
  if (existsSync(archive)) return { archive, target };
  throw new UserError(`${places[0]!}: does not exist, nor does ${archive}${hint}`);
}

/** What an input is known by, unpacked or not. */
export function inputIdentity(input: CocoInput): Promise<string> {
  return archiveIdentity({ from: 'archive' in input ? input.archive : input.path });
}

/** Bytes that will come out of an archive, about. */
export async function unpackedBytes(input: CocoInput): Promise<number> {
  return 'archive' in input ? ((await fileSize(input.archive)) ?? 0) : 0;
}

/**
 * Takes the annotations or photographs of a list out of their archive; files that are there with their size stay.
 *
 * @throws One line that names archive and member.
 */
export async function unpack(input: CocoInput, list: CocoList, options: UnpackOptions): Promise<string> {
  if ('path' in input) return input.path;
  const { archive, target } = input;
  const { onProgress, signal } = options;
  const isFolder = !target.endsWith('.json');
  const wanted = isFolder
    ? new RegExp(`(?:^|/)${cocoSplits[list]}/(\\w[\\w.-]*\\.jpg)$`)
    : new RegExp(`(?:^|/)instances_${cocoSplits[list]}\\.json()$`);
  const total = (await fileSize(archive)) ?? 0;
  const stage = `extracting ${cocoSplits[list]} of ${archive}`;
  const window = workWindow(PARALLEL);
  let isCoco = false;
  try {
    for await (const member of archiveMembers(archive)) {
      assertNotAborted(signal);
      onProgress?.({ stage, done: member.position, total, unit: 'bytes' });
      const name = wanted.exec(member.name)?.[1];
      if (name === undefined) continue;
      assertFile(member, archive);
      isCoco = true;
      const path = isFolder ? join(target, name) : target;
      if ((await fileSize(path)) === member.size) continue;
      const bytes = await member.read(isFolder ? imageLimit : annotationsLimit);
      await window.add(() => placeFile(path, bytes));
    }
  } finally {
    await window.finish();
  }
  if (!isCoco) throw otherArchive(archive, basename(target));
  onProgress?.({ stage, done: total, total, unit: 'bytes' });
  return target;
}
