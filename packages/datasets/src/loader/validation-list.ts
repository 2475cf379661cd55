import { existsSync } from 'node:fs';
import { computedList, type SampleList } from '../dataset/dataset.js';
import { counted, UserError } from '@toco/files';

/**
 * The images of a list that a validation looks at: those with masks, or all where none has one; what needs no mask is then
 * measured. A mask that should be there and is not is told at once and not after hours of training.
 *
 * @throws one line that names the missing file
 */
export function validationList(list: SampleList, print: (line: string) => void): SampleList {
  const { name, classes, length } = list;
  const masked: number[] = [];
  for (let i = 0; i < length; i++) {
    const { mask } = list.sample(i);
    if (mask === undefined) continue;
    if ('path' in mask && !existsSync(mask.path)) {
      throw new UserError(`${mask.path}: the mask does not exist; validation on the list ${name} needs it.`);
    }
    masked.push(i);
  }
  if (masked.length === length) return list;
  if (masked.length === 0) {
    print(`No image of the list ${name} has a mask: validation measures F1 and token similarity, no mIoU.`);
    return list;
  }
  print(
    `Validation on ${masked.length} of ${counted(length, 'image')} of the list ${name}: the others have no mask.`,
  );
  return computedList({ name, classes, length: masked.length }, (i) => list.sample(masked[i]!));
}
