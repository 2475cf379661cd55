import { loadPretrained, readWeights } from '@toco/backbone';
import type { TensorTree } from '@toco/core';
import type { Network } from '@toco/network';
import type { Config } from '../config/config.js';
import { initTrainState, type TrainState } from '../step/train-state.js';
import { formatImportReport } from '../weights/format-report.js';
import { namePrefix } from '../weights/name-prefix.js';
import { namingWeights } from '../weights/naming-weights.js';
import { resolveWeights } from '../weights/resolve-weights.js';
import { readTrainState } from './checkpoint.js';

/** The state that a run begins with: a checkpoint's, or a new one with pretrained weights where they are given. */
export async function startingState<P extends TensorTree>(
  config: Config,
  network: Network<P>,
  { checkpoint, print }: { checkpoint: string | undefined; print: (line: string) => void },
): Promise<TrainState<P>> {
  if (checkpoint !== undefined) {
    print(`Resuming from ${checkpoint}.`);
    return readTrainState(checkpoint, network);
  }
  const { weights } = config.backbone;
  const initial = network.init(config.seed);
  const { weights: whole } = config.network;
  if (whole !== undefined) {
    const { arrays } = readWeights(await resolveWeights(whole, { print }));
    const { report, ...imported } = namingWeights(whole, () => network.importCheckpoint(initial, arrays));
    print(`${whole}: ${formatImportReport(report)}.`);
    return initTrainState(network, imported);
  }
  if (weights === undefined) return initTrainState(network, initial);
  const { arrays } = readWeights(await resolveWeights(weights, { print }));
  const prefix = namePrefix(Object.keys(arrays));
  const { params: encoder, report } = namingWeights(weights, () =>
    loadPretrained(network.backbone, initial.params.encoder, arrays, { prefix }),
  );
  print(`${weights}: ${formatImportReport(report)}.`);
  return initTrainState(network, { ...initial, params: { ...initial.params, encoder } });
}
