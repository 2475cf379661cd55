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
import {
  defined,
  describedNetwork,
  type DescribedNetwork,
  type NetworkSettings,
} from './described-network.js';
import { rememberedBackbone } from './load-backbone.js';
import { rememberedNetwork } from './load-network-module.js';
import { assertUnnamed, namedBackbone } from './named-backbone.js';
import { recognizeVit } from './recognize-vit.js';
import type { TrainedParts } from './trained-parts.js';

/** What {@link loadNetwork} may be told. */
export interface LoadNetworkOptions<P extends TensorTree> {
  /**
   * The backbone, or its timm name; default: that of the run's configuration, or of a weight file the one that `config` or its
   * `config.json` names, else the vision transformer that its shapes tell. Of a run that was given an object it is the same one.
   */
  readonly backbone?: Backbone<P> | string | undefined;
  /**
   * What the network was made by, key by key over what its run remembers, or the `config.json` beside a `model.safetensors`: options
   * of a backbone, modules, the dilation of the decoder. Widths of a weight file are those of its arrays.
   */
  readonly config?: NetworkSettings | undefined;
  /** Names of the foreground classes of a weight file; default: those of its `config.json`. */
  readonly classes?: readonly string[] | undefined;
  /** Makes the network; default: as its run remembers, else ToCo's. Of a run that was given a function it is the same one. */
  readonly network?: MakeNetwork | undefined;
  /** The moving average of a run whose parameters are taken, or `none`; default: its `evaluation.average`. */
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
  /** The moving average of its run that the parameters are. */
  readonly average?: string | undefined;
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
 * @throws one line: no such run or file, no whole network in it, another architecture, a backbone that must be named, a network
 * that must be given
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
  { config: settings, average: asked, print = printLine, ...given }: LoadNetworkOptions<P>,
): Promise<LoadedNetwork<P>> {
  const folder = await wholeCheckpoint(path, print);
  const { config, classes, iteration, ownParts } = await readCheckpointHeader(folder);
  const chosen = asked ?? config.evaluation?.average;
  const average = chosen === 'none' ? undefined : chosen;
  const made = overlaid(config, settings);
  const trained = { name: folder, ownParts, trained: config };
  const backbone = await backboneOf(given.backbone, made.backbone, print, trained);
  const make = given.network ?? (await rememberedNetwork(made, print, trained));
  const network = makeNetwork(make, {
    backbone: backbone!, // which every run's configuration names
    numClasses: classes.length,
    ...made.network,
  });
  const state = readModel(folder, network, { average });
  if (average !== undefined) print(`${folder}: parameters of the average ${average}.`);
  return loaded(state, {
    ...{ network, classes, config, iteration, average },
    ...{ name: folder, file: join(folder, checkpointFiles.model) },
  });
}

async function loadWeights<P extends TensorTree>(
  weights: string,
  { config, print = printLine, bar, ...given }: LoadNetworkOptions<P>,
): Promise<LoadedNetwork<P>> {
  const file = await resolveWeights(weights, { print, bar });
  const described = await describedNetwork(weights, { print, bar });
  const arrays = readNetworkArrays(file);
  const made = overlaid({ backbone: { auxBlock: -3 }, network: {}, ...described?.settings }, config);
  assertModules(weights, described, { made, given });
  const chosen =
    (await backboneOf(given.backbone, made.backbone, print)) ??
    (recognizeVit(arrays, made.backbone) as Backbone<P> | undefined);
  if (chosen === undefined)
    throw new UserError(
      `${weights}: its shapes don't tell which backbone it is of; name that: --set backbone.name=swin_tiny_patch4_window7_224, or --backbone file.js for one of your own (in a program: loadNetwork(file, { backbone })).`,
    );
  const sizes = networkSizes(arrays);
  const classes = given.classes ?? described?.classes;
  if (classes && classes.length !== sizes.numClasses)
    throw new UserError(
      `${weights}: is of ${counted(sizes.numClasses, 'class', 'classes')}, ${classes.length} names were given.`,
    );
  const { decoderDilation } = made.network;
  const network = makeNetwork(given.network ?? (await rememberedNetwork(made, print)), {
    ...{ backbone: chosen, ...sizes, decoderDilation },
  });
  const { report, ...state } = importNetwork(network, arrays, { name: weights });
  print(
    `${weights}: ${chosen.name}, ${counted(sizes.numClasses, 'class', 'classes')}; ${formatImportReport(report)}.`,
  );
  return loaded(state, { network, classes, name: weights, file });
}

type WholeSettings = { readonly [K in keyof NetworkSettings]-?: NonNullable<NetworkSettings[K]> };

/** The backbone that is given, else that of the configuration; undefined where neither says which. */
async function backboneOf<P extends TensorTree>(
  given: Backbone<P> | string | undefined,
  { auxBlock = -3, ...config }: WholeSettings['backbone'],
  print: (line: string) => void,
  trained?: TrainedParts,
): Promise<Backbone<P> | undefined> {
  const own =
    given ?? ((await rememberedBackbone({ backbone: config }, print, trained)) as Backbone<P> | undefined);
  if (typeof own === 'object') {
    assertUnnamed(own, config);
    return own;
  }
  const name = own ?? config.name;
  if (name === undefined) return undefined;
  // eslint-disable-next-line no-restricted-syntax -- its parameters are those that the caller says
  return namedBackbone(name, { ...config, auxBlock }) as unknown as Backbone<P>;
}

/** Settings over others. The name of a backbone takes the place of a module that exports one. */
function overlaid(
  under: NetworkSettings,
  { backbone = {}, network = {} }: NetworkSettings = {},
): WholeSettings {
  const over = defined(backbone);
  const { module, ...rest } = { ...under.backbone, ...over };
  const isNamed = over.name !== undefined && over.module === undefined;
  return {
    backbone: { ...rest, ...(!isNamed && { module }) },
    network: { ...under.network, ...defined(network) },
  };
}

/** @throws one line where a network was made by a module of its author's that was not given */
function assertModules(
  weights: string,
  described: DescribedNetwork | undefined,
  {
    made: { backbone, network },
    given,
  }: {
    readonly made: WholeSettings;
    readonly given: Pick<LoadNetworkOptions<TensorTree>, 'backbone' | 'network'>;
  },
): void {
  const has = {
    backbone: given.backbone ?? backbone.module ?? backbone.name,
    network: given.network ?? network.module,
  };
  for (const part of ['backbone', 'network'] as const) {
    const module = described?.modules[part];
    if (module !== undefined && has[part] === undefined)
      throw new UserError(
        `${weights}: its ${part} is of ${module}, a module of its author's; name that with --${part}, or with --set ${part}.module=….`,
      );
  }
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
