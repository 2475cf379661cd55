import { dirname, join } from 'node:path';
import { hashFile } from '@toco/files';
import { checkpointFiles, type NetworkConfig, type NetworkSettings } from '@toco/weights';
import { settingsHash } from '../shards/hashes.js';

/** What the results of a network depend on, beside the images and what they go through. */
export interface KeyedModel {
  /** The file of its arrays. */
  readonly file: string;
  /** What it is made by. */
  readonly config: NetworkSettings & Pick<NetworkConfig, 'evaluation'>;
  /** The configuration of its run, before settings changed it; undefined of a weight file. */
  readonly trained?: NetworkSettings | undefined;
  /** JavaScript modules in place of those that the configuration names. */
  readonly modules: { readonly backbone?: string | undefined; readonly network?: string | undefined };
}

/**
 * What tells the results of a network from those of another: the SHA-256 of the file of its arrays, where these and its run tell all.
 * An average, modules and settings that differ from those of its run, or from the defaults of a weight file, go into a hash with it.
 * Of a module the file itself counts, not what it imports.
 */
export async function modelKey({ file, config, trained, modules }: KeyedModel): Promise<string> {
  const arrays = await hashFile(file);
  const average = trained && config.evaluation?.average;
  const backbone = modules.backbone ?? config.backbone?.module;
  const network = modules.network ?? config.network?.module;
  const more = {
    ...changed(settingsOf(config), settingsOf(trained ?? {})),
    ...(average !== undefined && {
      average,
      averages: await hashFile(join(dirname(file), checkpointFiles.optimizer)),
    }),
    ...(backbone !== undefined && { backboneModule: await hashFile(backbone) }),
    ...(network !== undefined && { networkModule: await hashFile(network) }),
  };
  return Object.keys(more).length === 0 ? arrays : settingsHash({ arrays, ...more });
}

/** What changes a network's results and can't be told from its arrays. */
function settingsOf({ backbone = {}, network = {} }: NetworkSettings): Record<string, unknown> {
  const { name, auxBlock = -3, depth, positionResizing } = backbone;
  const { decoderDilation = 5 } = network;
  return { name, auxBlock, depth, positionResizing, decoderDilation };
}

function changed(
  values: Readonly<Record<string, unknown>>,
  from: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const different = Object.entries(values).filter(([key, value]) => value !== from[key]);
  return Object.fromEntries(different.map(([key, value]) => [key, value ?? null]));
}
