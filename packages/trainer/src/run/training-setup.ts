import type { ApplyOptions, Backbone } from '@toco/backbone';
import { flattenTree } from '@toco/core';
import {
  type Dataset,
  type Enrichment,
  openDataset,
  type SampleList,
  viewOptionsOf,
  withTrainingMasks,
} from '@toco/datasets';
import { allReduce, checkpointed, type CompileOptions, lanesOf, oneLane, reductionKind } from '@toco/graph';
import { frozenBackbone, type MakeNetwork, type Network, unevenScales } from '@toco/network';
import { type BackendInfo, initBackend } from '@toco/runtime';
import { rememberedBackbone, rememberedNetwork } from '@toco/weights';
import { UserError } from '@toco/files';
import type { Config } from '../config/config.js';
import {
  assertTerms,
  isBelow,
  type MethodParts,
  pathsInstead,
  type StepConfig,
  termNames,
  thresholdsAt,
  tocoParameterGroups,
  trainedParameters,
  type TrainState,
  trainStep,
  type TrainStep,
} from '@toco/method';
import { asUserError } from '../config/as-user-error.js';
import { stepConfigOf } from '../config/config.js';
import { sharedStep } from '../cluster/shared-step.js';
import type { Together } from '../cluster/together.js';
import { loaderThreads } from '../data/loader-threads.js';
import { trainingBatches, type TrainingBatches } from '../data/training-batches.js';
import { buildNetwork } from '../network/build-network.js';
import { startingState } from '../checkpoints/starting-state.js';
import type { TrainedModel } from '../checkpoints/trained-model.js';

/** What is trained on what; nothing is computed for it yet. */
export interface TrainingSource {
  readonly data: Dataset;
  readonly network: Network;
  /** Name of the backbone that the network was made of; one of its author's may have another inside. */
  readonly backboneName: string;
  /** Training images. */
  readonly images: SampleList;
  readonly settings: StepConfig;
  /** What differs from ToCo's step. */
  readonly parts: MethodParts;
  /** Further arrays of a batch. */
  readonly enrichment?: Enrichment | undefined;
}

/** The step and the state it begins with, on a backend that is ready. */
export interface TrainingStart {
  readonly state: TrainState;
  /** The state's iteration. */
  readonly iteration: number;
  readonly step: TrainStep;
  /** For the backbone, in passes that no gradient goes through. */
  readonly targetForward: ApplyOptions;
  /** What computes, as far as the last digits of results depend on it. */
  readonly engine: string;
  /** How the step is compiled; none where it runs eagerly. */
  readonly compiled?: CompileOptions;
}

/** Opens data set and network of a configuration, or takes one's own. */
export async function trainingSource(
  config: Config,
  own: MethodParts & {
    readonly data?: Dataset | undefined;
    readonly backbone?: Backbone | undefined;
    readonly network?: MakeNetwork | undefined;
    readonly enrichment?: Enrichment | undefined;
    /** The model whose network it is, where it is trained already. */
    readonly trained?: TrainedModel | undefined;
    readonly print: (line: string) => void;
  },
): Promise<TrainingSource> {
  const { terms, targets, refine, enrichment } = own;
  asUserError(() => {
    const named = Object.keys(terms ?? {});
    assertTerms(config.phases, named);
    const unused = named.find((name) => !termNames(config.phases).includes(name));
    if (unused !== undefined)
      throw new UserError(
        `terms.${unused}: no phase weighs or measures it; give it a weight in phases[].weights (0: it is not computed), or leave it out.`,
      );
  });
  const data = own.data ?? (await openDataset(config));
  const numClasses = data.classes.length;
  const backbone = own.backbone ?? (await rememberedBackbone(config, own.print, own.trained));
  const make = own.network ?? (await rememberedNetwork(config, own.print, own.trained));
  const network = buildNetwork(config, { numClasses, backbone, network: make });
  const images = await withTrainingMasks(await data.list(data.lists.train), data, config.data);
  const settings = stepConfigOf(config, numClasses);
  asUserError(() => thresholdsAt(settings, 0));
  const backboneName = backbone?.name ?? config.backbone.name;
  return { data, network, backboneName, images, settings, parts: { terms, targets, refine }, enrichment };
}

/** Starts the engine and loads the state that a run begins with. */
export async function trainingStart(
  config: Config,
  { network, settings, parts }: TrainingSource,
  options: {
    readonly checkpoint: string | undefined;
    readonly print: (line: string) => void;
    readonly together?: Together | undefined;
  },
): Promise<TrainingStart> {
  const { checkpoint, compile, precision, xla, tf32 } = config.engine;
  const peers = options.together?.peers;
  const engine = await initBackend({ ...config.engine, cluster: peers, print: options.print });
  const compiled = compile && engine.backend === 'tensorflow';
  if (peers && reductionKind() === 'grpc')
    options.print(
      "Gradients go through TensorFlow's ring over gRPC, which costs several times what toco's does: its kernels are missing.",
    );
  const lanes = compiled ? lanesOf(engine, { xla }) : oneLane;
  const state = await startingState(config, network, options);
  const notes = [...unevenScales(config, network.backbone), ...frozenBackbone(network, state.params)];
  for (const note of notes) options.print(note);
  asUserError(() => {
    const paths = [...flattenTree(state.params).keys()];
    const unknown = config.network.frozen.find((prefix) => !paths.some((path) => isBelow(path, prefix)));
    if (unknown !== undefined)
      throw new UserError(
        `network.frozen: no parameter lies below ${unknown}; ${pathsInstead(unknown, paths)}.`,
      );
    const trained = Object.keys(trainedParameters(network, state.params));
    if (trained.length === 0)
      throw new UserError(
        config.network.frozen.length > 0
          ? `No parameter is trained (network.frozen: ${config.network.frozen.join(', ')}); leave one out there, such as classifier.`
          : `No parameter is trained: the network's trainable(path) is true for none of ${paths.length}.`,
      );
    tocoParameterGroups(settings, trained, paths);
  });
  const step = trainStep(settings, {
    ...parts,
    network,
    forward: checkpoint ? { wrapBlock: checkpointed } : {},
    targetForward: lanes.forward,
    ...(peers && { reduce: (grads: Parameters<typeof allReduce>[0]) => allReduce(grads) }),
  });
  return {
    state,
    iteration: (await state.step.data())[0]!,
    step: peers ? sharedStep(step) : step,
    targetForward: lanes.forward,
    engine: nameOf(engine),
    // The engine's option stops cuBLAS and cuDNN, TensorFlow's own switch what XLA makes of products.
    ...(compiled && {
      compiled: { precision, xla, tensorFloat32: tf32, ...lanes.options, ...(peers && { cluster: peers }) },
    }),
  };
}

function nameOf({ backend, device, version, threads, kernels, tileProducts = false }: BackendInfo): string {
  const ours = kernels === undefined ? '' : `, kernels ${kernels}${tileProducts ? ' with products' : ''}`;
  return `${backend} ${version} on the ${device.toUpperCase()}, ${threads} thread${threads === 1 ? '' : 's'}${ours}`;
}

/** The batches of a run, from one iteration to before another. */
export function batchesOf(
  config: Config,
  { network, images, settings, enrichment }: TrainingSource,
  range: {
    readonly startIteration: number;
    readonly endIteration?: number | undefined;
    /** Which of `count` equal parts of every batch. */
    readonly share?: { readonly index: number; readonly count: number } | undefined;
    readonly print?: ((line: string) => void) | undefined;
  },
): TrainingBatches {
  return trainingBatches(images, {
    backbone: network.backbone,
    config: settings,
    cropSize: config.views.cropSize,
    enrichment,
    thresholds: (iteration) => thresholdsAt(settings, iteration),
    views: viewOptionsOf(config.views),
    batchSize: config.batchSize,
    seed: config.seed,
    ...loaderThreads(config.data),
    maxUnreadable: config.data.maxUnreadable,
    maxUnreadableShare: config.data.maxUnreadableShare,
    ...range,
  });
}
