import type { SampleList } from '../dataset/dataset.js';
import { randomPurpose, randomStream } from '../random/random.js';
import type { SampleKey } from './training-sample.js';
import type { TaskPool } from '../threads/thread-work.js';
import type { LoaderTask, TaskResult } from './task.js';
import type { TrainingBatch, TrainingTask } from './training-batch.js';
import { counted, UserError } from '@toco/files';

/** An image that can't be read, in whose place another was taken. */
export interface UnreadableSample {
  /** Its place in the list. */
  readonly index: number;
  readonly id: string;
  /** One line; it names the file. */
  readonly message: string;
}

/** A batch, and the images that could not be read for it. */
export interface SubstitutedBatch {
  readonly batch: TrainingBatch;
  readonly unreadable: readonly UnreadableSample[];
}

/** Images that are tried in the place of one, at most: so many bad ones in a row are no accident. */
const mostTries = 50;

/**
 * The index of the image that takes the place of one that can't be read, or of the substitutes before it that can't either. It
 * depends on the key and the list's length alone: batches are the same after a resume and however they are parted.
 */
export function substituteIndex({ seed, epoch, index }: SampleKey, tries: number, length: number): number {
  const random = randomStream(randomPurpose.substitute, seed, epoch, index);
  let chosen = index;
  for (let i = 0; i <= tries; i++) {
    // One of the others: never the image itself.
    const other = random.integer(0, Math.max(0, length - 2));
    chosen = other >= index && length > 1 ? other + 1 : other;
  }
  return chosen;
}

/**
 * Runs a task of training; in the place of every image that can't be read another is taken.
 *
 * @throws One line when no image can be read in a place.
 */
export async function runWithSubstitutes(
  task: TrainingTask,
  list: SampleList,
  pool: TaskPool<LoaderTask, TaskResult>,
): Promise<SubstitutedBatch> {
  const unreadable: UnreadableSample[] = [];
  const tries = task.samples.map(() => 0);
  const indices = task.samples.map(({ key }) => key.index);
  let current = task;
  for (;;) {
    const result = (await pool.run(current)) as Exclude<
      TaskResult,
      { sample: unknown } | { photograph: unknown }
    >;
    if (!('unreadable' in result)) return { batch: result, unreadable };
    const samples = [...current.samples];
    for (const { position, message } of result.unreadable as readonly {
      position: number;
      message: string;
    }[]) {
      const { sample, key } = samples[position]!;
      unreadable.push({ index: indices[position]!, id: sample.id, message });
      if (tries[position]! >= Math.min(mostTries, 4 * list.length) || list.length === 1) {
        throw new UserError(
          `${message} (nor could the images that were drawn in its place, ${counted(tries[position]!, 'try', 'tries')})`,
        );
      }
      const index = substituteIndex(key, tries[position]!++, list.length);
      indices[position] = index;
      // The views stay those of the place: the substitute is not seen twice alike in an epoch.
      samples[position] = { sample: list.sample(index), key };
    }
    current = { ...current, samples };
  }
}
