import { join } from 'node:path';
import { writeWhole } from '@toco/files';
import { writeSafetensors } from '@toco/formats';
import type { Network, NetworkParams, NetworkState } from '@toco/network';
import { exportHubGraph, type ExportedNetwork, type TrainedModel } from '@toco/trainer';
import { hubConfig, type OwnModules, ownModules, preprocessorConfig } from './hub-config.js';
import { hubFigures } from './hub-figures.js';
import { modelCard } from './model-card.js';

/** What {@link writeHubFolder} is given. */
export interface HubFolderOptions {
  readonly model: TrainedModel;
  readonly network: Network;
  readonly state: NetworkState;
  /** Foreground classes, where they are known. */
  readonly classes?: readonly string[] | undefined;
  /** Side of the images in pixels. */
  readonly size: number;
  /** `owner/name` that it will have on the hub. */
  readonly name?: string | undefined;
  /** Modules that were named beside those that the model remembers. */
  readonly flags: OwnModules;
}

/** What serves training only. */
const trainingOnly = /^proj_head(_t)?\./;

/**
 * Writes what a model on a hub consists of: `onnx/model.onnx`, `model.safetensors` (without the projection heads), `config.json`,
 * `preprocessor_config.json` and the model card `README.md`.
 *
 * @throws one line: a folder that is not empty, a network above 2 GB
 */
export async function writeHubFolder(
  out: string,
  { model, network, state, classes, size, flags, name = 'OWNER/NAME' }: HubFolderOptions,
): Promise<ExportedNetwork> {
  const { config } = model;
  const labels = ['background', ...(classes ?? unnamed(model.numClasses))];
  const { backbone } = network;
  const ports = await exportHubGraph(network, state.params as NetworkParams, {
    size,
    out: join(out, 'onnx'),
  });
  const arrays = Object.entries(await network.exportCheckpoint(state)).filter(
    ([path]) => !trainingOnly.test(path),
  );
  await writeSafetensors(join(out, 'model.safetensors'), Object.fromEntries(arrays), { format: 'pt' });
  const described = { config, labels, size, backbone, modules: ownModules(config, flags) };
  await writeJson(join(out, 'config.json'), hubConfig(described));
  await writeJson(join(out, 'preprocessor_config.json'), preprocessorConfig(described));
  const figures = await hubFigures(model, flags);
  // The last one written: with it the folder is whole.
  await writeText(join(out, 'README.md'), modelCard({ ...described, name, figures }));
  return ports;
}

const unnamed = (count: number): string[] => Array.from({ length: count }, (_, i) => `class ${i + 1}`);

const writeText = (path: string, text: string): Promise<void> =>
  writeWhole(path, [new TextEncoder().encode(text)]);

const writeJson = (path: string, value: object): Promise<void> =>
  writeText(path, `${JSON.stringify(value, null, 2)}\n`);
