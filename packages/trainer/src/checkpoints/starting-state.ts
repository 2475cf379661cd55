import { createProgress } from '@toco/files';
import { initTrainState, type TrainState } from '@toco/method';
import type { Network } from '@toco/network';
import { startingWeights } from '@toco/weights';
import { asUserError } from '../config/as-user-error.js';
import type { Config } from '../config/config.js';
import { readTrainState } from './checkpoint.js';

/** The state that a run begins with: a checkpoint's, or a new one with pretrained weights where they are given. */
export async function startingState(
  config: Config,
  network: Network,
  { checkpoint, print }: { checkpoint: string | undefined; print: (line: string) => void },
): Promise<TrainState> {
  if (checkpoint !== undefined) {
    print(`Resuming from ${checkpoint}.`);
    return readTrainState(checkpoint, network, config.averages);
  }
  const bar = createProgress('megabytes');
  const weights = await startingWeights(network, config, { print, bar });
  return asUserError(() => initTrainState(network, weights, config.averages));
}
