import { join } from 'node:path';
import { archiveMembers } from '../archive/archive-members.js';
import { fileSize, placeFile } from '@toco/files';
import { assertNotAborted } from '@toco/files';
import { workWindow } from '../prepare/work-window.js';
import { taskPool } from '../threads/task-pool.js';
import { assertFile, type ExtractionOptions, otherArchive } from './extract-voc.js';
import { sbdMaskWork } from './sbd-mask.js';

const maskLimit = 2 ** 24;
const listLimit = 2 ** 22;

/** Options of {@link convertSbd}. */
export interface ConvertSbdOptions extends ExtractionOptions {
  readonly workers: number;
  /** Whether masks that are there were made by an earlier run, and stay. */
  readonly keep: boolean;
}

/**
 * Takes SBD's lists and masks out of its archive: `sbd_train.txt` and `sbd_val.txt` beside VOC's lists, and
 * `SegmentationClassAug/ID.png` for every image of which VOC has no mask. SBD's photographs are VOC's and stay where they are.
 *
 * @param root - `VOCdevkit/VOC2012`, VOC's own masks already there.
 * @throws One line that names archive and member.
 */
export async function convertSbd(path: string, root: string, options: ConvertSbdOptions): Promise<void> {
  const { workers, keep, onBytes, signal } = options;
  const pool = taskPool(sbdMaskWork, workers);
  const window = workWindow(4 * Math.max(1, workers));
  let isSbd = false;
  try {
    for await (const member of archiveMembers(path)) {
      assertNotAborted(signal);
      onBytes?.(member.position);
      const [, list, id] = /(?:^|\/)dataset\/(?:(train|val)\.txt|cls\/([^/]+)\.mat)$/.exec(member.name) ?? [];
      if (list === undefined && id === undefined) continue;
      assertFile(member, path);
      isSbd = true;
      if (id === undefined) {
        const lines = await member.read(listLimit);
        await placeFile(join(root, 'ImageSets', 'Segmentation', `sbd_${list}.txt`), lines);
        continue;
      }
      const target = join(root, 'SegmentationClassAug', `${id}.png`);
      if ((await fileSize(join(root, 'SegmentationClass', `${id}.png`))) !== undefined) continue;
      if (keep && (await fileSize(target)) !== undefined) continue;
      const bytes = await member.read(maskLimit);
      const where = `${path}, ${member.name}`;
      await window.add(() => pool.run({ bytes, where, path: target }));
    }
  } finally {
    await window.finish().finally(() => pool.close());
  }
  if (!isSbd) throw otherArchive(path, "SBD's dataset/cls and lists");
}
