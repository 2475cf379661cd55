import { decodeLabelPng } from '@toco/formats';
import type { SampleList } from '../dataset.js';
import { ignoredLabel } from '../image/decode-mask.js';
import { readImageBytes } from '../image/encoded-image.js';
import { counted, type Finding } from './finding.js';

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
    const { mask } = list.sample(i);
    if (mask === undefined || !('path' in mask)) continue;
    seen++;
    try {
      const { data } = decodeLabelPng(await readImageBytes(mask));
      if (data.some((label) => label !== 0 && label !== ignoredLabel)) shown++;
      white ||= data.includes(ignoredLabel);
      const outside = data.find((label) => label > list.classes.length && label !== ignoredLabel);
      if (outside !== undefined)
        throw new Error(
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
