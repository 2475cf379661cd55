import { join } from 'node:path';
import type { ArchiveMember } from '../archive/archive-member.js';
import { archiveMembers } from '../archive/archive-members.js';
import { fileSize, placeFile, UserError } from '@toco/files';
import { assertNotAborted } from '@toco/files';
import { workWindow } from '../prepare/work-window.js';

/** Files that are written at a time. */
const PARALLEL = 16;

/** The parts of VOC that are kept, and the bytes that a file of each can have. */
const parts: readonly { readonly pattern: RegExp; readonly limit: number; readonly copies?: string }[] = [
  { pattern: /^Annotations\/[^/]+\.xml$/, limit: 2 ** 20 },
  { pattern: /^ImageSets\/Segmentation\/(train|val|trainval)\.txt$/, limit: 2 ** 22 },
  { pattern: /^JPEGImages\/[^/]+\.jpg$/, limit: 2 ** 25 },
  { pattern: /^SegmentationClass\/[^/]+\.png$/, limit: 2 ** 24, copies: 'SegmentationClassAug' },
];

/** How an extraction goes on and tells about itself. */
export interface ExtractionOptions {
  /** Bytes of the archive that have been read. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes photographs, annotations, lists and masks out of VOC's archive. Files that are there with their size stay; masks are
 * copied to the folder of the augmented ones, where VOC's own, more exact ones go before SBD's.
 *
 * @param root - Becomes `VOCdevkit/VOC2012`.
 * @throws One line that names archive and member.
 */
export async function extractVoc(path: string, root: string, options: ExtractionOptions = {}): Promise<void> {
  const window = workWindow(PARALLEL);
  let isVoc = false;
  try {
    for await (const member of archiveMembers(path)) {
      assertNotAborted(options.signal);
      options.onBytes?.(member.position);
      const name = /(?:^|\/)VOC2012\/(.+)$/.exec(member.name)?.[1] ?? '';
      const part = parts.find(({ pattern }) => pattern.test(name));
      if (part === undefined) continue;
      assertFile(member, path);
      isVoc = true;
      const targets = [name, ...(part.copies === undefined ? [] : [name.replace(/^[^/]+/, part.copies)])];
      const sizes = await Promise.all(targets.map((target) => fileSize(join(root, target))));
      const missing = targets.filter((_, i) => sizes[i] !== member.size);
      if (missing.length === 0) continue;
      const bytes = await member.read(part.limit);
      for (const target of missing) await window.add(() => placeFile(join(root, target), bytes));
    }
  } finally {
    await window.finish();
  }
  if (!isVoc) throw otherArchive(path, 'VOCdevkit/VOC2012/JPEGImages and the like');
}

/** The one line for an archive that holds nothing of what is looked for. */
export function otherArchive(path: string, expected: string): Error {
  return new UserError(`${path}: holds nothing of ${expected}; is it another archive?`);
}

/**
 * Makes sure that a member is an ordinary file.
 *
 * @throws One line for a link, a device or a folder.
 */
export function assertFile({ name, isFile }: ArchiveMember, archive: string): void {
  if (isFile) return;
  throw new UserError(
    `${archive}: member ${name} is a link or device where a file belongs; the archive is not to be trusted`,
  );
}
