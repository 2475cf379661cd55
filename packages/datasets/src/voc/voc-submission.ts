import { createWriteStream } from 'node:fs';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { UserError } from '@toco/files';
import { decodeLabelPng } from '@toco/formats';
import sharp from 'sharp';
import { pack } from 'tar-stream';
import { archiveMembers } from '../archive/archive-members.js';
import { examples } from '../dataset/finding.js';
import { vocClasses } from './voc-classes.js';
import { readVocList, requireFiles } from './voc-list.js';

/** VOC's competitions of segmentation: 5 with VOC's own data alone, 6 with any other data, pretrained weights included. */
export type VocCompetition = 'comp5' | 'comp6';

/** An image that the server holds the mask of. */
export interface VocTestImage {
  readonly id: string;
  readonly path: string;
}

/**
 * The images of a list without labels and masks, such as VOC's `test`.
 *
 * @param root - `VOCdevkit/VOC2012`.
 * @throws One line for a missing list or image.
 */
export async function vocTestImages(root: string, list = 'test'): Promise<VocTestImage[]> {
  const ids = await readVocList(root, list);
  const folder = join(root, 'JPEGImages');
  await requireFiles(folder, ids, '.jpg');
  return ids.map((id) => ({ id, path: join(folder, `${id}.jpg`) }));
}

/** What goes into a submission, and where it goes. */
export interface VocSubmission {
  /** Folder of the predicted masks, `ID.png`. */
  readonly masks: string;
  readonly images: readonly VocTestImage[];
  readonly competition: VocCompetition;
  /** The archive, `.tar.gz`. */
  readonly out: string;
}

/**
 * The archive that VOC's server takes: `results/VOC2012/Segmentation/comp6_test_cls/ID.png` for every image of the list.
 *
 * Before it is written every mask is checked: it is there, has a palette, its photograph's size, and no label but 0 … 20. The
 * archive has its name only once it is whole and was read back.
 *
 * @throws One line: the first mask that the server would refuse, and how many there are.
 * @returns Its bytes.
 */
export async function writeVocSubmission({
  masks,
  images,
  competition,
  out,
}: VocSubmission): Promise<number> {
  const wrong: string[] = [];
  for (const { id, path } of images) {
    const reason = await refusal(join(masks, `${id}.png`), path);
    if (reason !== undefined) wrong.push(reason);
  }
  if (wrong.length > 0) {
    const more = wrong.length > 1 ? ` (and ${wrong.length - 1} more of ${images.length} masks)` : '';
    throw new UserError(`${wrong[0]!}${more}; VOC's server would refuse the archive, so it is not written.`);
  }
  const folder = `results/VOC2012/Segmentation/${competition}_test_cls`;
  const part = `${out}.part`;
  const tar = pack();
  const written = pipeline(tar, createGzip(), createWriteStream(part));
  try {
    for (const { id } of images) {
      const content = await readFile(join(masks, `${id}.png`));
      await new Promise<void>((resolve, reject) => {
        tar.entry({ name: `${folder}/${id}.png`, mtime: new Date(0) }, content, (error) =>
          error ? reject(error) : resolve(),
        );
      });
    }
    tar.finalize();
    await written;
    await assertRead(part, new Set(images.map(({ id }) => `${folder}/${id}.png`)));
    await rename(part, out);
  } catch (error) {
    tar.destroy();
    await written.catch(() => undefined);
    await rm(part, { force: true });
    throw error;
  }
  return (await stat(out)).size;
}

/** PNG's kind of image with a palette, and where the header says it. */
const [paletteKind, kindAt] = [3, 25];

/** Why the server would refuse a mask; undefined where it takes it. */
async function refusal(mask: string, photograph: string): Promise<string | undefined> {
  try {
    const bytes = await readFile(mask).catch(() => {
      throw new UserError('the mask does not exist');
    });
    const { width, height, data } = decodeLabelPng(bytes);
    if (bytes[kindAt] !== paletteKind) throw new UserError('the mask has no palette');
    const size = await sharp(photograph).metadata();
    if (width !== size.width || height !== size.height)
      throw new UserError(
        `the mask has ${width} × ${height} pixels, its image ${size.width} × ${size.height}`,
      );
    const outside = data.find((label) => label > vocClasses.length);
    if (outside !== undefined)
      throw new UserError(`label ${outside} is none of VOC's (0 … ${vocClasses.length})`);
    return undefined;
  } catch (error) {
    return `${mask}: ${(error as Error).message}`;
  }
}

/** @throws Where an archive does not hold what went into it. */
async function assertRead(path: string, names: Set<string>): Promise<void> {
  for await (const member of archiveMembers(path)) {
    decodeLabelPng(await member.read(2 ** 26));
    names.delete(member.name);
  }
  if (names.size > 0) throw new UserError(`${path}: lacks ${names.size} masks (${examples([...names])})`);
}
