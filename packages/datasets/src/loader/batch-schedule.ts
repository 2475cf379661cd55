import { randomPurpose, randomStream } from '../random/random.js';
import { counted, UserError } from '@toco/files';

/** Which samples make up the batch of one iteration. */
export interface ScheduledBatch {
  readonly iteration: number;
  readonly epoch: number;
  readonly indices: Int32Array;
}

/** The batches of every iteration, counted over all epochs from 0. */
export interface BatchSchedule {
  /** Whole batches per epoch; the rest of a shuffled epoch is left out. */
  readonly batchesPerEpoch: number;
  /** The batch of an iteration. Depends on the iteration alone, so that a run can go on from any. */
  at(iteration: number): ScheduledBatch;
}

/**
 * Shuffles `length` samples anew for every epoch and cuts them into batches.
 *
 * @throws One line when there are fewer samples than one batch takes.
 *
 * @example
 * const { indices } = batchSchedule({ length: 10582, batchSize: 4, seed: 0 }).at(2000);
 */
export function batchSchedule(options: {
  readonly length: number;
  readonly batchSize: number;
  readonly seed: number;
}): BatchSchedule {
  const { length, batchSize, seed } = options;
  const batchesPerEpoch = Math.floor(length / batchSize);
  if (!(batchesPerEpoch >= 1)) {
    throw new UserError(
      `${counted(length, 'image')} ${length === 1 ? 'does' : 'do'} not fill one batch of ${batchSize}; add images or make batchSize smaller`,
    );
  }
  let shuffled: { epoch: number; order: Int32Array } | undefined;
  return {
    batchesPerEpoch,
    at(iteration) {
      const epoch = Math.floor(iteration / batchesPerEpoch);
      if (shuffled?.epoch !== epoch) {
        shuffled = { epoch, order: randomStream(randomPurpose.order, seed, epoch).permutation(length) };
      }
      const start = (iteration - epoch * batchesPerEpoch) * batchSize;
      return { iteration, epoch, indices: shuffled.order.slice(start, start + batchSize) };
    },
  };
}
