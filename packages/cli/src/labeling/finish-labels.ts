import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { maskList } from '@toco/datasets';
import { writeWhole } from '@toco/files';
import { annotationKinds, maskPath, writeAnnotations } from '../annotations/write-annotations.js';
import type { LabelRow } from './label-part.js';
import type { LabelKind } from './label-kinds.js';

/** A row, and the folder that its files lie in. */
export interface PlacedRow {
  readonly row: LabelRow;
  readonly folder: string;
}

/**
 * Writes what holds for the whole list, in its order, with ids that don't depend on parts: lists for mmsegmentation and DeepLab, and
 * the files of annotation tools, made from the masks. Files of other folders are copied first.
 *
 * @returns paths of what was written
 */
export async function finishLabels(
  placed: readonly PlacedRow[],
  {
    out,
    kinds,
    classes,
    root,
    print,
  }: {
    readonly out: string;
    readonly kinds: readonly LabelKind[];
    readonly classes: readonly string[];
    /** Folder that the names of images count from. */
    readonly root: string | undefined;
    readonly print: (line: string) => void;
  },
): Promise<string[]> {
  const whole = placed
    .filter(({ row }) => row.skipped === undefined)
    .sort((a, b) => a.row.index - b.row.index);
  for (const { row, folder } of whole)
    if (resolve(folder) !== resolve(out)) await copyFiles(row, folder, out);
  const rows = whole.map(({ row }) => row);
  const masks = rows.map(({ id, image }) => ({ id, image, mask: maskPath(id) }));
  const written: string[] = [];
  const write = async (name: string, parts: Iterable<Uint8Array>): Promise<void> => {
    await writeWhole(join(out, name), parts);
    written.push(join(out, name));
  };
  await write('list.txt', [new TextEncoder().encode(maskList(masks, 'mmsegmentation'))]);
  const spaced = masks.find(({ image, mask }) => /\s/.test(image + mask));
  if (spaced === undefined)
    await write('list-deeplab.txt', [new TextEncoder().encode(maskList(masks, 'deeplab'))]);
  else print(`list-deeplab.txt is not written: its columns end at a space, and ${spaced.image} has one.`);
  const images = rows.map(({ id, image: fileName, width, height }) => ({
    ...{ id, fileName, width, height },
    photograph: root === undefined ? fileName : join(root, fileName),
  }));
  const annotated = await writeAnnotations(images, {
    ...{ out, classes },
    kinds: annotationKinds.filter((kind) => kinds.includes(kind)),
  });
  return [...written, ...annotated];
}

async function copyFiles({ files }: LabelRow, from: string, to: string): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(to, file)), { recursive: true });
    await copyFile(join(from, file), join(to, file));
  }
}
