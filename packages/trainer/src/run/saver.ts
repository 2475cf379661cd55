import type { Network } from '@toco/network';
import { pruneCheckpoints, writeCheckpoint, type CheckpointInfo } from '../checkpoints/checkpoint.js';
import type { RunRecords } from './records.js';
import type { RunLock } from '@toco/files';
import { assertSameState } from '../cluster/agreement.js';
import type { Together } from '../cluster/together.js';
import type { Stepper } from '../execution/eager.js';
import { checkpointFolder } from '../checkpoints/checkpoint.js';

/** Writes the checkpoints of a run. */
export interface Saver {
  /** Folder of the newest checkpoint; empty where there is none. */
  newest(): string;
  /** Writes a checkpoint, unless the newest is of this iteration; `alone`: without asking other processes, which may be gone. */
  save(stepper: Stepper, iteration: number, how?: { readonly alone: boolean }): Promise<void>;
  /** Whether writing failed: trying once more would only fail again. */
  hasFailed(): boolean;
}

/** What a run's checkpoints are made of. */
export interface SaverOptions {
  readonly folder: string;
  /** None in processes that write nothing. */
  readonly lock: RunLock | undefined;
  readonly together: Together;
  readonly network: Network;
  readonly info: Omit<CheckpointInfo, 'iteration'>;
  /** Their window of metrics goes with the state. */
  readonly records: Pick<RunRecords, 'window'>;
  /** The checkpoint that the run begins with, and its iteration. */
  readonly start: { readonly checkpoint: string | undefined; readonly iteration: number };
}

/** A saver of a run that begins with a checkpoint or anew. */
export function createSaver(options: SaverOptions): Saver {
  const { folder, lock, together, network, info, records, start } = options;
  let newest = start.checkpoint ?? '';
  let saved = start.checkpoint === undefined ? undefined : start.iteration;
  let failed = false;
  return {
    newest: () => newest,
    hasFailed: () => failed,
    async save(stepper, iteration, { alone } = { alone: false }) {
      if (iteration === saved) return;
      const snapshot = await stepper.snapshot();
      const { state } = snapshot;
      try {
        if (!alone) await assertSameState(together, state, iteration);
        if (lock) {
          failed = true;
          await lock.assertHeld();
          newest = await writeCheckpoint(folder, {
            network,
            state,
            info: { iteration, ...info, window: records.window() },
          });
          failed = false;
        } else newest = checkpointFolder(folder, iteration);
      } finally {
        snapshot.dispose();
      }
      saved = iteration;
      if (lock) await pruneCheckpoints(folder, info.config.run);
    },
  };
}
