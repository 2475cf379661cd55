import { join, resolve } from 'node:path';
import { maskList } from '@toco/datasets';
import { writeWhole } from '@toco/files';
import { annotationKinds, maskPath } from '../annotations/annotation-files.js';
import { writeAnnotations } from '../annotations/write-annotations.js';
import { type Journal, withFiles } from '../journal/journal.js';
import type { LabelRow } from './label-part.js';
import { labelLists } from './made-of-labels.js';

/**
 * Writes what holds for the whole list, in its order, with ids that don't depend on parts: lists for mmsegmentation and DeepLab, and
 * the files of annotation tools that any call has asked for, made from the masks.
 *
 * @returns paths of what was written
 * @throws one line where it is interrupted
 */
export async function finishLabels(
  labeled: readonly LabelRow[],
  {
    out,
    journal,
    classes,
    root,
    signal,
    print,
  }: {
    readonly out: string;
    /** Of the whole list, in `out`. */
    readonly journal: Journal;
    readonly classes: readonly string[];
    /** Folder that the names of images count from. */
    readonly root: string | undefined;
    readonly signal: AbortSignal;
    readonly print: (line: string) => void;
  },
): Promise<string[]> {
  const rows = labeled.filter(({ skipped }) => skipped === undefined).sort((a, b) => a.index - b.index);
  const masks = rows.map(({ id, image }) => ({ id, image, mask: maskPath(id) }));
  const written: string[] = [];
  const write = async (name: string, parts: Iterable<Uint8Array>): Promise<void> => {
    await writeWhole(join(out, name), parts);
    written.push(join(out, name));
  };
  await write(labelLists.mmsegmentation, [new TextEncoder().encode(maskList(masks, 'mmsegmentation'))]);
  const spaced = masks.find(({ image, mask }) => /\s/.test(image + mask));
  if (spaced === undefined)
    await write(labelLists.deeplab, [new TextEncoder().encode(maskList(masks, 'deeplab'))]);
  else
    print(`${labelLists.deeplab} is not written: its columns end at a space, and ${spaced.image} has one.`);
  // Files for LabelMe say where the photographs are.
  const isMoved = journal.before?.about['root'] !== (root && resolve(root));
  const images = rows.map((row) => {
    const { id, index, image: fileName, width, height, kinds } = row;
    const photograph = root === undefined ? fileName : join(root, fileName);
    const has = isMoved ? [] : kinds;
    return { ...{ id, number: index + 1, fileName, photograph, width, height, has }, row };
  });
  const annotated = await writeAnnotations(images, {
    ...{ out, classes, signal },
    kinds: annotationKinds.filter((kind) => journal.kinds.includes(kind)),
    onImage: ({ row }, files) => journal.add(withFiles({ ...row, lacking: undefined }, files)),
  });
  return [...written, ...annotated];
}
