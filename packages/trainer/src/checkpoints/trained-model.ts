import { join } from 'node:path';
import type { TensorTree } from '@toco/core';
import type { Network, NetworkState } from '@toco/network';
import type { Config } from '../config/config.js';
import { parseConfig } from '../config/parse-config.js';
import { withSettings } from '../config/with-settings.js';
import {
  describedNetwork,
  formatImportReport,
  importNetwork,
  readModel,
  readNetworkArrays,
  resolveWeights,
  wholeCheckpoint,
} from '@toco/weights';
import { readCheckpointInfo } from './checkpoint.js';
import { readMetrics, type MetricsRow } from '../logs/metrics-log.js';
import { createProgress, printLine } from '@toco/files';
import { runFiles } from './run-folder.js';

/** A trained network that is about to be used: what describes it, and its weights once the network is built. */
export interface TrainedModel {
  /** What messages call it. */
  readonly name: string;
  readonly config: Config;
  /** The configuration of its run, before settings changed it, where it comes from a run. */
  readonly trained?: Config;
  /** Names of the foreground classes, where they are known. */
  readonly classes?: readonly string[];
  /** Number of foreground classes `C`. */
  readonly numClasses: number;
  /** Names of the parts that were functions or objects of one's own, where it comes from a run that says so. */
  readonly ownParts?: readonly string[] | undefined;
  /** What the run wrote of its training up to this model, where it comes from a run. */
  readonly rows?: readonly MetricsRow[];
  read<P extends TensorTree>(network: Network<P>): NetworkState<P>;
}

/**
 * The model of a run (its newest checkpoint that is whole) or of one of its checkpoints, with the configuration it was trained with.
 *
 * @param settings `key=value` over that configuration
 * @throws one line where there is no checkpoint
 */
export async function modelOfRun(
  path: string,
  {
    settings = [],
    print = printLine,
  }: {
    readonly settings?: readonly string[] | undefined;
    readonly print?: ((line: string) => void) | undefined;
  } = {},
): Promise<TrainedModel> {
  const folder = await wholeCheckpoint(path, print);
  const { config, classes, iteration, ownParts } = await readCheckpointInfo(folder);
  const rows = await readMetrics(runFiles(join(folder, '../..')).metrics);
  const set = parseConfig(withSettings(config, settings), `${folder} with --set`);
  const { average } = set.evaluation;
  return {
    name: folder,
    config: set,
    trained: config,
    classes,
    numClasses: classes.length,
    ownParts,
    rows: rows.filter((row) => row.iteration <= iteration),
    read: (network) => readModel(folder, network, { average }),
  };
}

/**
 * A whole network from a weight file of any format, such as a checkpoint that ToCo's authors released.
 *
 * @param weights path, or a model on a hub
 * @throws one line where there is no such file, or it holds no whole network
 * @example
 * ```ts
 * const model = await modelOfWeights('toco_vitb_voc.pth', { config: parseConfig({ backbone: { name: 'vit_base_patch16_224' } }) });
 * const { evaluation } = await evaluateCheckpoint(model);
 * ```
 */
export async function modelOfWeights(
  weights: string,
  {
    config,
    print = printLine,
  }: { readonly config: Config; readonly print?: ((line: string) => void) | undefined },
): Promise<TrainedModel> {
  const path = await resolveWeights(weights, { print, bar: createProgress('megabytes') });
  const arrays = readNetworkArrays(path);
  const described = await describedNetwork(weights, { print });
  return {
    name: weights,
    config,
    ...(described?.classes && { classes: described.classes }),
    numClasses: arrays['classifier.weight']!.shape[0] ?? 0,
    read: (network) => {
      const { report, ...state } = importNetwork(network, arrays, { name: weights });
      print(`${weights}: ${formatImportReport(report)}.`);
      return state;
    },
  };
}
