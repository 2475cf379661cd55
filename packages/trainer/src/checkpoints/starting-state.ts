import { loadPretrained } from '@toco/backbone';
import { readWeights } from '@toco/weights';
import type { TensorTree } from '@toco/core';
import type { Network } from '@toco/network';
import type { Config } from '../config/config.js';
import { initTrainState, type TrainState } from '@toco/method';
import { formatImportReport } from '@toco/weights';
import { namePrefix } from '@toco/weights';
import { namingWeights } from '@toco/weights';
import { resolveWeights } from '@toco/weights';
import { randomStartWarning, warnOfPart } from '@toco/weights';
import { createProgress } from '@toco/files';
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
    const { arrays } = readWeights(await resolveWeights(whole, { print, bar: createProgress('megabytes') }));
    const { report, ...imported } = namingWeights(whole, () => network.importCheckpoint(initial, arrays));
    print(`${whole}: ${formatImportReport(report)}.`);
    warnOfPart(whole, { report, prefix: 'encoder.' }, print);
    return initTrainState(network, imported);
  }
  if (weights === undefined) {
    print(randomStartWarning(config, network.backbone.name));
    return initTrainState(network, initial);
  }
  const { arrays } = readWeights(await resolveWeights(weights, { print, bar: createProgress('megabytes') }));
  const prefix = namePrefix(Object.keys(arrays));
  const { params: encoder, report } = namingWeights(weights, () =>
    loadPretrained(network.backbone, initial.params.encoder, arrays, { prefix }),
  );
  print(`${weights}: ${formatImportReport(report)}.`);
  warnOfPart(weights, { report }, print);
  return initTrainState(network, { ...initial, params: { ...initial.params, encoder } });
}
