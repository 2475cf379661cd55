import { statSync } from 'node:fs';
import type { TensorTree } from '@toco/core';
import { createProgress, UserError } from '@toco/files';
import { compileFunction, lanesOf, oneLane } from '@toco/graph';
import { initBackend } from '@toco/runtime';
import type { Compiler, Protocol, SegmenterOptions, SegmenterOutput } from '@toco/segmenter';
import { type Config, loadConfig, modelOfRun, type TrainedModel } from '@toco/trainer';
import {
  describedNetwork,
  loadBackbone,
  loadNetwork,
  type LoadedNetwork,
  loadNetworkModule,
} from '@toco/weights';
import type { Command } from 'commander';
import { modelKey } from './model-key.js';

/** Options that name a trained network. */
export interface ModelFlags {
  readonly weights?: string;
  readonly config?: string;
  readonly set: string[];
  readonly data?: string;
  readonly backbone?: string;
  readonly network?: string;
}

/** Adds the options of {@link ModelFlags} to a command. */
export function addModelOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'for a weight file: YAML file of its configuration')
    .option('-s, --set <key=value...>', 'single settings over the configuration', [])
    .option(
      '-b, --backbone <file>',
      'JavaScript module that exports the "backbone" the network was trained with',
    )
    .option('--network <file>', 'JavaScript module that exports the function "network" it was made by');
}

/** A network that is ready, and how it computes. */
export interface OpenModel {
  readonly loaded: LoadedNetwork<TensorTree>;
  readonly config: Config;
  /** What its images go through. */
  readonly protocol: Protocol;
  /** See {@link modelKey}. */
  readonly checkpoint: string;
  /** Rows of the run's metrics, where it is a run's. */
  readonly rows: TrainedModel['rows'];
  readonly precision: Config['engine']['precision'];
  readonly compiled: boolean;
  /** How a segmenter computes on it. */
  readonly computes: Pick<SegmenterOptions<SegmenterOutput>, 'compiler' | 'compileAfter' | 'forward'>;
}

/**
 * Opens the network that a command names: a run, a checkpoint, a weight file, or one of a hub.
 *
 * @throws one line where there is none
 */
export async function openModel(
  named: string,
  flags: ModelFlags,
  {
    steady,
    protocolFor,
    print,
  }: {
    /** Whether results must not depend on which images came before, to the last digit. */
    readonly steady: boolean;
    /** The protocol, which may follow the run's configuration. */
    readonly protocolFor: (config: Config) => Protocol;
    readonly print: (line: string) => void;
  },
): Promise<OpenModel> {
  const { config: file, set, data } = flags;
  const settings = [...set, ...(data === undefined ? [] : [`data.root=${JSON.stringify(data)}`])];
  const isRun = statSync(named, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isRun && file !== undefined)
    throw new UserError('--config: a run has its own configuration; change it with --set.');
  const model = isRun ? await modelOfRun(named, { settings, print }) : undefined;
  const described = isRun
    ? undefined
    : await describedNetwork(named, { print, bar: createProgress('megabytes') });
  const config = model?.config ?? (await loadConfig(file, settings, described?.settings));
  if (!isRun && config.evaluation.average !== undefined)
    print(`evaluation.average is for runs: the parameters of ${named} are used as they are.`);
  const protocol = protocolFor(config);
  // One graph serves all images of one size; of many sizes each would take seconds to trace.
  const isOneSize =
    protocol.window !== undefined || (protocol.size !== 'native' && 'squash' in protocol.size);
  const { xla } = config.engine;
  const precision = isOneSize ? config.engine.precision : 'f32';
  if (precision !== config.engine.precision)
    print(`Computing in f32: ${config.engine.precision} would need a graph for every size of an image.`);
  const engine = await initBackend({ ...config.engine, print });
  const network = flags.network === undefined ? undefined : await loadNetworkModule(flags.network);
  const backbone = flags.backbone === undefined ? undefined : await loadBackbone(flags.backbone);
  // The default name is none that anybody has said of a weight file: its shapes tell more.
  const isNamed =
    file !== undefined ||
    described?.settings.backbone?.name !== undefined ||
    set.some((setting) => setting.startsWith('backbone.name='));
  const { name, ...unnamed } = config.backbone;
  const made = isRun || (isNamed && backbone === undefined) ? config : { ...config, backbone: unnamed };
  const loaded = await loadNetwork(model?.name ?? named, {
    ...{ config: made, backbone, network, average: config.evaluation.average ?? 'none', print },
  });
  const compiles = config.engine.compile && engine.backend === 'tensorflow';
  const lanes = compiles ? lanesOf(engine, { xla }) : oneLane;
  const compiler = ((pass, example) =>
    compileFunction(pass as never, example, { precision, xla, ...lanes.options })) as Compiler;
  return {
    ...{ loaded, config, protocol, precision },
    checkpoint: await modelKey({
      ...{ file: loaded.file, config: made, trained: model?.trained },
      modules: { backbone: flags.backbone, network: flags.network },
    }),
    rows: model?.rows,
    compiled: compiles && isOneSize,
    computes: {
      ...(compiles && { compiler }),
      // The last digits of a compiled pass and of one operation by operation differ.
      ...(steady && { compileAfter: Infinity }),
      forward: lanes.forward,
    },
  };
}

/** What the first line of a command calls a network. */
export function networkName({ name, average }: Pick<LoadedNetwork<TensorTree>, 'name' | 'average'>): string {
  return average === undefined ? name : `${name}, average ${average}`;
}
