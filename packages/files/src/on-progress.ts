import { UserError } from './user-error.js';
/** How far a preparation is. */
export interface PreparationProgress {
  /** What is being done, in a few words. */
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes' | 'files';
}

/** What is told about progress, from time to time; the last call of a stage has `done === total`. */
export type OnPreparationProgress = (progress: PreparationProgress) => void;

/**
 * Ends a preparation between two files when its signal is given.
 *
 * @throws One line.
 */
export function assertNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new UserError('interrupted; run the same command to continue where it stopped', {
      cause: signal.reason,
    });
  }
}
