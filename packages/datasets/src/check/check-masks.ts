import { decodeLabelPng } from '@toco/formats';
import sharp from 'sharp';
import type { SampleList } from '../dataset/dataset.js';
import { ignoredLabel } from '../image/decode-mask.js';
import { readImageBytes, type EncodedImage } from '../image/encoded-image.js';
import type { Finding } from '../dataset/finding.js';
import { counted, UserError } from '@toco/files';

/** Masks that are looked at before a run: enough to see a fault of all of them. */
const mostMasks = 12;

/**
 * What is wrong with all masks of a list, told by the first few: that none can be read, or that none shows a class. Takes a fraction
 * of a second; {@link checkDataset} looks at every mask.
 */
export async function checkMasks(list: SampleList): Promise<Finding[]> {
  const problems: string[] = [];
  let [seen, shown] = [0, 0];
  let white = false;
  for (let i = 0; i < list.length && seen < mostMasks; i++) {
    const { mask, image } = list.sample(i);
    if (mask === undefined || !('path' in mask)) continue;
    seen++;
    try {
      const { data, width, height } = decodeLabelPng(await readImageBytes(mask));
      const size = await sizeOf(image);
      if (size !== undefined && (size.width !== width || size.height !== height))
        throw new UserError(
          `the mask has ${width} × ${height} pixels, its image ${size.width} × ${size.height}`,
        );
      if (data.some((label) => label !== 0 && label !== ignoredLabel)) shown++;
      white ||= data.includes(ignoredLabel);
      const outside = data.find((label) => label > list.classes.length && label !== ignoredLabel);
      if (outside !== undefined)
        throw new UserError(
          `label ${outside} is outside the ${list.classes.length} classes (0 is background, ${ignoredLabel} ignored)`,
        );
    } catch (error) {
      const { message } = error as Error;
      problems.push(message.startsWith(mask.path) ? message : `${mask.path}: ${message}`);
    }
  }
  const first = `the first ${counted(seen, 'mask')} of the list ${list.name}`;
  if (seen > 0 && problems.length === seen) {
    return [
      {
        kind: 'error',
        message: `none of ${first} can be used for validation (${problems[0]!}); correct them (toco check names all), or remove them to train without validation`,
      },
    ];
  }
  if (seen > problems.length && shown === 0) {
    return [
      {
        kind: 'warning',
        message: `${first} ${white ? 'hold only 0 and 255, and 255 means "ignored"' : 'are empty (0, background)'}, so no mask shows a class and the figures of validation mean nothing; number the classes 1 … ${list.classes.length} (run toco check)`,
      },
    ];
  }
  return [];
}

/** What a photograph's header says; undefined where it can't be read, which the loader tells. */
async function sizeOf(image: EncodedImage): Promise<{ width: number; height: number } | undefined> {
  try {
    const { width, height } = await sharp(await readImageBytes(image)).metadata();
    return { width, height };
  } catch {
    return undefined;
  }
}
