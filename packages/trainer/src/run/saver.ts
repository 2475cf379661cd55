import type { Network } from '@toco/network';
import { pruneCheckpoints, writeCheckpoint, type CheckpointInfo } from '../checkpoints/checkpoint.js';
import type { RunRecords } from './records.js';
import type { RunLock } from '@toco/files';
import type { Stepper } from '../execution/eager.js';

/** Writes the checkpoints of a run. */
export interface Saver {
  /** Folder of the newest checkpoint; empty where there is none. */
  newest(): string;
  /** Writes a checkpoint, unless the newest is of this iteration. */
  save(stepper: Stepper, iteration: number): Promise<void>;
  /** Whether writing failed: trying once more would only fail again. */
  hasFailed(): boolean;
}

/** What a run's checkpoints are made of. */
export interface SaverOptions {
  readonly folder: string;
  readonly lock: RunLock;
  readonly network: Network;
  readonly info: Omit<CheckpointInfo, 'iteration'>;
  /** Their window of metrics goes with the state. */
  readonly records: Pick<RunRecords, 'window'>;
  /** The checkpoint that the run begins with, and its iteration. */
  readonly start: { readonly checkpoint: string | undefined; readonly iteration: number };
}

/** A saver of a run that begins with a checkpoint or anew. */
export function createSaver(options: SaverOptions): Saver {
  const { folder, lock, network, info, records, start } = options;
  let newest = start.checkpoint ?? '';
  let saved = start.checkpoint === undefined ? undefined : start.iteration;
  let failed = false;
  return {
    newest: () => newest,
    hasFailed: () => failed,
    async save(stepper, iteration) {
      if (iteration === saved) return;
      failed = true;
      await lock.assertHeld();
      const snapshot = await stepper.snapshot();
      try {
        newest = await writeCheckpoint(folder, {
          network,
          state: snapshot.state,
          info: { iteration, ...info, window: records.window() },
        });
      } finally {
        snapshot.dispose();
      }
      failed = false;
      saved = iteration;
      await pruneCheckpoints(folder, info.config.run);
    },
  };
}
