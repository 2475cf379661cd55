import { assertNotAborted, counted, type OnPreparationProgress, UserError } from '@toco/files';
import sharp from 'sharp';
import type { Sample, SampleList } from '../dataset/dataset.js';
import { decodeMask, ignoredLabel } from '../image/decode-mask.js';
import { readImageBytes } from '../image/encoded-image.js';
import { workWindow } from '../prepare/work-window.js';
import { taskPool } from '../threads/task-pool.js';
import { threadWork } from '../threads/thread-work.js';
import type { Problem } from './check-sample.js';

/** How {@link checkTrainingMasks} works. */
export interface CheckTrainingMasksOptions {
  /** Threads that decode; 0 does so in the calling thread. */
  readonly workers?: number | undefined;
  readonly onProgress?: OnPreparationProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A mask that training looks at: what is wrong with it, or whether it shows a class. */
interface CheckedMask {
  readonly message?: string;
  readonly shown: boolean;
}

/**
 * Decodes every mask that training looks at, and compares it with the size of its photograph and with the classes; photographs
 * are not decoded. Drawn scenes are right by themselves.
 *
 * @returns What is wrong, in the order of the list; one more entry, without an id, where no mask shows a class.
 */
export async function checkTrainingMasks(
  list: SampleList,
  { workers = 1, onProgress, signal }: CheckTrainingMasksOptions = {},
): Promise<Problem[]> {
  const indices = Array.from({ length: list.length }, (_, i) => i).filter((i) => {
    const { trainingMask } = list.sample(i);
    return trainingMask !== undefined && 'path' in trainingMask;
  });
  if (indices.length === 0) return [];
  const checked: CheckedMask[] = [];
  const pool = taskPool(trainingMaskWork, workers);
  const window = workWindow(4 * Math.max(1, workers));
  let done = 0;
  try {
    for (const [position, index] of indices.entries()) {
      assertNotAborted(signal);
      await window.add(async () => {
        checked[position] = await pool.run(list.sample(index));
        const stage = `checking masks of ${list.name}`;
        onProgress?.({ stage, done: ++done, total: indices.length, unit: 'files' });
      });
    }
  } finally {
    await window.finish();
    await pool.close();
  }
  const error = (id: string, message: string): Problem => ({ kind: 'error', list: list.name, id, message });
  const problems = checked.flatMap(({ message }, position) =>
    message === undefined ? [] : [error(list.sample(indices[position]!).id, message)],
  );
  if (problems.length > 0 || checked.some(({ shown }) => shown)) return problems;
  return [
    error(
      '',
      `none of ${counted(indices.length, 'mask')} that training looks at shows a class (0 is background, ${ignoredLabel} ignored); number the classes 1 … ${list.classes.length}`,
    ),
  ];
}

/**
 * The same before the first iteration.
 *
 * @throws One line: the first mask that can't be trained on, and how many there are.
 */
export async function requireTrainingMasks(
  list: SampleList,
  options: CheckTrainingMasksOptions = {},
): Promise<void> {
  const problems = await checkTrainingMasks(list, options);
  const [first] = problems;
  if (first === undefined) return;
  const more = problems.length - 1;
  const others = more > 0 ? ` (and ${more} more of ${counted(list.length, 'image')} can't be used)` : '';
  throw new UserError(
    `data.trainMasks: ${first.message}${others}; correct ${more > 0 ? 'these masks' : 'the mask'} (toco check --train-masks names all), or list other images.`,
  );
}

/** Decodes the mask of one image. */
export async function checkTrainingMask({ image, trainingMask, labels }: Sample): Promise<CheckedMask> {
  // What is wrong with a photograph is told by whoever decodes it; another takes its place in training.
  const size = await readImageBytes(image)
    .then((bytes) => sharp(bytes).metadata())
    .catch(() => undefined);
  if (size === undefined) return { shown: true };
  try {
    const { data } = await decodeMask(trainingMask!, { numClasses: labels.length, image: size });
    return { shown: data.some((label) => label !== 0 && label !== ignoredLabel) };
  } catch (error) {
    return { message: (error as Error).message, shown: false };
  }
}

const trainingMaskWork = threadWork(import.meta.url, checkTrainingMask);
