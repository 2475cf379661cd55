import { loadPretrained } from '@toco/backbone';
import type { TensorTree } from '@toco/core';
import { printLine } from '@toco/files';
import type { Network, NetworkState } from '@toco/network';
import { formatImportReport } from './import-report.js';
import { namePrefix } from './name-prefix.js';
import { namingWeights } from './naming-weights.js';
import { randomStartWarning, warnOfPart } from './random-start.js';
import { readWeights } from './read-weights.js';
import { resolveWeights, type ResolveWeightsOptions } from './resolve-weights.js';

/** What a network starts from, as a run's configuration has it. */
export interface StartingWeights {
  readonly seed: number;
  /** Pretrained weights of the backbone: a file, or a model on a hub. */
  readonly backbone: { readonly name: string; readonly weights?: string | undefined };
  /** A whole network, heads included. */
  readonly network: { readonly weights?: string | undefined };
}

/**
 * A new network with the weights that are given, or random ones, which is said.
 *
 * @throws one line: no such file or model, or it does not fit
 */
export async function startingWeights<P extends TensorTree>(
  network: Network<P>,
  { seed, backbone, network: { weights: whole } }: StartingWeights,
  { print = printLine, bar }: Pick<ResolveWeightsOptions, 'print' | 'bar'>,
): Promise<NetworkState<P>> {
  const initial = network.init(seed);
  const arraysOf = async (weights: string) =>
    readWeights(await resolveWeights(weights, { print, bar })).arrays;
  if (whole !== undefined) {
    const arrays = await arraysOf(whole);
    const { report, ...imported } = namingWeights(whole, () => network.importCheckpoint(initial, arrays));
    print(`${whole}: ${formatImportReport(report)}.`);
    warnOfPart(whole, { report, prefix: 'encoder.' }, print);
    return imported;
  }
  const { weights } = backbone;
  if (weights === undefined) {
    print(randomStartWarning({ backbone }, network.backbone.name));
    return initial;
  }
  const arrays = await arraysOf(weights);
  const prefix = namePrefix(Object.keys(arrays));
  const { params: encoder, report } = namingWeights(weights, () =>
    loadPretrained(network.backbone, initial.params.encoder, arrays, { prefix }),
  );
  print(`${weights}: ${formatImportReport(report)}.`);
  warnOfPart(weights, { report }, print);
  if (network.withPretrained) return network.withPretrained(initial, encoder);
  return { ...initial, params: { ...initial.params, encoder } };
}
