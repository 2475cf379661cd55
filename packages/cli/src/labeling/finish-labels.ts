import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type CocoAnnotatedImage, cocoFile, cocoParts, maskList } from '@toco/datasets';
import { createProgress, writeWhole } from '@toco/files';
import { decodeLabelPng } from '@toco/formats';
import { type LabelRow, maskPath } from './label-part.js';
import type { LabelKind } from './label-kinds.js';

/** A row, and the folder that its files lie in. */
export interface PlacedRow {
  readonly row: LabelRow;
  readonly folder: string;
}

/**
 * Writes what holds for the whole list, in its order, with ids that don't depend on parts: lists for mmsegmentation and DeepLab, and
 * COCO's files, made from the masks. Files of other folders are copied first.
 *
 * @returns paths of what was written
 */
export async function finishLabels(
  placed: readonly PlacedRow[],
  {
    out,
    kinds,
    classes,
    print,
  }: {
    readonly out: string;
    readonly kinds: readonly LabelKind[];
    readonly classes: readonly string[];
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
  for (const form of ['rle', 'polygons'] as const) {
    if (!kinds.includes(`coco-${form}`)) continue;
    const progress = createProgress(`instances-${form}.json`);
    const images: CocoAnnotatedImage[] = [];
    for (const { id, image: fileName, width, height } of rows) {
      const map = decodeLabelPng(await readFile(join(out, maskPath(id))));
      images.push({ fileName, width, height, parts: cocoParts(map, form) });
      progress.update({ done: images.length, total: rows.length });
    }
    progress.stop();
    await write(`instances-${form}.json`, cocoFile(images, classes));
  }
  return written;
}

async function copyFiles({ files }: LabelRow, from: string, to: string): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(to, file)), { recursive: true });
    await copyFile(join(from, file), join(to, file));
  }
}
