import { existsSync } from 'node:fs';
import { computedList, type SampleList } from '@toco/datasets';

/**
 * The images of a list that have masks, on which validation is possible; undefined where there are none. A mask that should
 * be there and is not is told at once and not after hours of training.
 *
 * @throws one line that names the missing file
 */
export function validationList(list: SampleList, print: (line: string) => void): SampleList | undefined {
  const { name, classes, length } = list;
  const masked: number[] = [];
  for (let i = 0; i < length; i++) {
    const { mask } = list.sample(i);
    if (mask === undefined) continue;
    if ('path' in mask && !existsSync(mask.path)) {
      throw new Error(`${mask.path}: the mask does not exist; validation on the list ${name} needs it.`);
    }
    masked.push(i);
  }
  if (masked.length === length) return list;
  if (masked.length === 0) {
    print(`No image of the list ${name} has a mask: there is no validation.`);
    return undefined;
  }
  print(`Validation on ${masked.length} of ${length} images of the list ${name}: the others have no mask.`);
  return computedList({ name, classes, length: masked.length }, (i) => list.sample(masked[i]!));
}
