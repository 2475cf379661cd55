import { join } from 'node:path';
import { decodeImage } from '../image/decode-image.js';
import { decodeMask } from '../image/decode-mask.js';
import { readTextFile } from '../annotations/text-file.js';
import { inParallel } from '../annotations/in-parallel.js';
import { readLabelFile } from '../annotations/label-file.js';
import { labelsOfMask } from '../annotations/labels-from-mask.js';
import { labelsOfNames, type LabelTable } from '../annotations/label-table.js';
import { namesInAnnotation } from '../annotations/labels-from-annotation.js';
import { requireFiles } from './voc-list.js';
import type { VocFolders } from './voc-folders.js';
import { UserError } from '@toco/files';

/** Files that are read at a time. */
const PARALLEL = 16;

/** The image-level labels of some images, from a label file, from the annotations or from the masks. */
export async function readVocLabels(
  ids: readonly string[],
  source: string,
  { root, classes, images, masks }: VocFolders,
): Promise<LabelTable> {
  if (source === 'xml') {
    const folder = join(root, 'Annotations');
    await requireFiles(folder, ids, '.xml');
    const rows = await inParallel(ids, PARALLEL, async (id) => {
      const path = join(folder, `${id}.xml`);
      return labelsOfNames(namesInAnnotation(await readTextFile(path), path), classes, path);
    });
    return new Map(ids.map((id, i) => [id, rows[i]!]));
  }
  if (source === 'masks') {
    await requireFiles(masks, ids, '.png');
    const rows = await inParallel(ids, PARALLEL, async (id) => {
      const image = await decodeImage({ path: join(images, `${id}.jpg`) });
      const mask = await decodeMask(
        { path: join(masks, `${id}.png`) },
        { numClasses: classes.length, image },
      );
      return labelsOfMask(mask, classes.length);
    });
    return new Map(ids.map((id, i) => [id, rows[i]!]));
  }
  if (!/\.(npy|json|csv)$/.test(source)) {
    throw new UserError(`labels "${source}": give the path of an .npy, .json or .csv file, "xml" or "masks"`);
  }
  return readLabelFile(source, classes);
}
