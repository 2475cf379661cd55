import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Backbone } from '@toco/backbone';
import { disposeTree, type TensorTree } from '@toco/core';
import { counted, printLine, UserError } from '@toco/files';
import type { NDArray } from '@toco/formats';
import {
  createNetwork,
  type MakeNetwork,
  type Network,
  type NetworkOptions,
  type NetworkState,
} from '@toco/network';
import { checkpointFiles } from '../checkpoints/checkpoint-files.js';
import {
  isCheckpoint,
  type NetworkConfig,
  readCheckpointHeader,
  readModel,
  wholeCheckpoint,
} from '../checkpoints/read-checkpoint.js';
import { formatImportReport } from '../import-report.js';
import { importNetwork, readNetworkArrays } from '../network-weights.js';
import { resolveWeights, type ResolveWeightsOptions } from '../resolve-weights.js';
import { rememberedBackbone } from './load-backbone.js';
import { rememberedNetwork } from './load-network-module.js';
import { namedBackbone } from './named-backbone.js';
import { recognizeVit } from './recognize-vit.js';

/** What {@link loadNetwork} may be told. */
export interface LoadNetworkOptions<P extends TensorTree> {
  /**
   * The backbone, or its timm name; default: that of the run's configuration, or of a weight file the vision transformer that its
   * shapes tell.
   */
  readonly backbone?: Backbone<P> | string | undefined;
  /** Block of the auxiliary tokens, of a backbone that no configuration describes. */
  readonly auxBlock?: number | undefined;
  /** Names of the foreground classes of a weight file, which has none. */
  readonly classes?: readonly string[] | undefined;
  /** Makes the network; default: as its run remembers, else ToCo's. */
  readonly network?: MakeNetwork | undefined;
  /** The moving average of a run whose parameters are taken; default: its `evaluation.average`. */
  readonly average?: string | undefined;
  readonly print?: ((line: string) => void) | undefined;
  /** Shows megabytes of a download. */
  readonly bar?: ResolveWeightsOptions['bar'] | undefined;
}

/** A trained network, ready to be used. */
export interface LoadedNetwork<P extends TensorTree> extends NetworkState<P> {
  readonly network: Network<P>;
  /** Foreground classes; undefined where only their number is known. */
  readonly classes?: readonly string[] | undefined;
  /** What messages call it: the checkpoint's folder, or the weights as they were named. */
  readonly name: string;
  /** The file that the parameters were read from. */
  readonly file: string;
  /** The configuration of its run, as written. */
  readonly config?: NetworkConfig | undefined;
  /** Iterations that it was trained for, where it comes from a run. */
  readonly iteration?: number | undefined;
  /** Frees the parameters. */
  dispose(): void;
}

/**
 * A trained network from a run's folder (its newest checkpoint that is whole), from one of its checkpoints, from a weight file of
 * any format, such as ToCo's authors released, or from a hub (`hf:owner/name`). The backend must be ready.
 *
 * @throws one line: no such run or file, no whole network in it, another architecture, a backbone that must be named
 * @example
 * ```ts
 * await initBackend();
 * const { network, params, classes, dispose } = await loadNetwork('runs/voc');
 * ```
 */
export async function loadNetwork<P extends TensorTree = TensorTree>(
  path: string,
  options: LoadNetworkOptions<P> = {},
): Promise<LoadedNetwork<P>> {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder || isCheckpoint(path) ? loadCheckpoint(path, options) : loadWeights(path, options);
}

async function loadCheckpoint<P extends TensorTree>(
  path: string,
  { backbone, network: given, average: asked, print = printLine }: LoadNetworkOptions<P>,
): Promise<LoadedNetwork<P>> {
  const folder = await wholeCheckpoint(path, print);
  const { config, classes, iteration } = await readCheckpointHeader(folder);
  const average = asked ?? config.evaluation?.average;
  const own =
    named(backbone, config.backbone) ??
    ((await rememberedBackbone(config, print)) as Backbone<P> | undefined);
  const network = makeNetwork(given ?? (await rememberedNetwork(config, print)), {
    // eslint-disable-next-line no-restricted-syntax -- its parameters are those that the caller says
    backbone: own ?? (namedBackbone(config.backbone.name, config.backbone) as unknown as Backbone<P>),
    numClasses: classes.length,
    ...config.network,
  });
  const state = readModel(folder, network, { average });
  if (average !== undefined) print(`${folder}: parameters of the average ${average}.`);
  return loaded(state, {
    ...{ network, classes, config, iteration },
    ...{ name: folder, file: join(folder, checkpointFiles.model) },
  });
}

async function loadWeights<P extends TensorTree>(
  weights: string,
  { backbone, auxBlock = -3, classes, network: given, print = printLine, bar }: LoadNetworkOptions<P>,
): Promise<LoadedNetwork<P>> {
  const file = await resolveWeights(weights, { print, bar });
  const arrays = readNetworkArrays(file);
  const chosen =
    named(backbone, { auxBlock }) ?? (recognizeVit(arrays, { auxBlock }) as Backbone<P> | undefined);
  if (chosen === undefined)
    throw new UserError(
      `${weights}: its shapes don't tell which backbone it is of; name that, such as backbone: 'swin_tiny_patch4_window7_224'.`,
    );
  const sizes = networkSizes(arrays);
  if (classes && classes.length !== sizes.numClasses)
    throw new UserError(
      `${weights}: is of ${counted(sizes.numClasses, 'class', 'classes')}, ${classes.length} names were given.`,
    );
  const network = makeNetwork(given, { backbone: chosen, ...sizes });
  const { report, ...state } = importNetwork(network, arrays, { name: weights });
  print(
    `${weights}: ${chosen.name}, ${counted(sizes.numClasses, 'class', 'classes')}; ${formatImportReport(report)}.`,
  );
  return loaded(state, { network, classes, name: weights, file });
}

function named<P extends TensorTree>(
  backbone: Backbone<P> | string | undefined,
  options: { readonly auxBlock: number },
): Backbone<P> | undefined {
  return typeof backbone === 'string'
    ? // eslint-disable-next-line no-restricted-syntax -- its parameters are those that the caller says
      (namedBackbone(backbone, options) as unknown as Backbone<P>)
    : backbone;
}

function makeNetwork<P extends TensorTree>(
  make: MakeNetwork | undefined,
  options: NetworkOptions<P>,
): Network<P> {
  // eslint-disable-next-line no-restricted-syntax -- its parameters are those that the caller says
  return (make ?? createNetwork)(options as unknown as NetworkOptions<TensorTree>) as unknown as Network<P>;
}

function loaded<P extends TensorTree>(
  { params, teacher }: NetworkState<P>,
  of: Omit<LoadedNetwork<P>, 'params' | 'teacher' | 'dispose'>,
): LoadedNetwork<P> {
  return {
    ...of,
    params,
    teacher,
    dispose: () => {
      disposeTree({ params, teacher });
    },
  };
}

/** Sizes of the heads, by the shapes of their arrays; heads that only training needs may be missing. */
function networkSizes(
  arrays: Readonly<Record<string, NDArray>>,
): Omit<NetworkOptions<TensorTree>, 'backbone'> {
  const first = (name: string): number | undefined => arrays[name]?.shape[0];
  const decoderDim = first('decoder.conv6.weight');
  const [hidden, bottleneck, out] = ['mlp.0.weight', 'mlp.4.weight', 'last_layer.weight_v'].map((name) =>
    first(`proj_head.${name}`),
  );
  return {
    numClasses: first('classifier.weight')!,
    ...(decoderDim !== undefined && { decoderDim }),
    ...(hidden !== undefined &&
      bottleneck !== undefined &&
      out !== undefined && { projection: { hidden, bottleneck, out } }),
  };
}
