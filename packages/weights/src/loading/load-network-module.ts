import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UserError } from '@toco/files';
import type { MakeNetwork } from '@toco/network';
import { type TrainedParts, wasGiven } from './trained-parts.js';

/**
 * The function that a user's module exports under the name `network`: it makes a network as `createNetwork` does.
 *
 * @param given what named the module, for errors
 * @throws one line: no such file, or no such export
 */
export async function loadNetworkModule(path: string, given = '--network'): Promise<MakeNetwork> {
  const file = resolve(path);
  if (!existsSync(file)) {
    const hint = given === '--network' ? '' : ' Name where it is now with --network.';
    throw new UserError(`${given} ${path}: no such file.${hint}`);
  }
  const { network } = (await import(pathToFileURL(file).href)) as { network?: unknown };
  if (typeof network === 'function') return network as MakeNetwork;
  throw new UserError(
    `${given} ${path}: exports no function "network"; write "export const network = (options) => …" there, see createNetwork.`,
  );
}

/**
 * The network of one's own that a configuration remembers by its module; undefined where it is ToCo's.
 *
 * @param trained the checkpoint whose network it is, where there is one
 * @throws one line where the checkpoint is of a function that it could not remember
 */
export async function rememberedNetwork(
  { network: { module } }: { readonly network: { readonly module?: string | undefined } },
  print: (line: string) => void,
  trained?: TrainedParts,
): Promise<MakeNetwork | undefined> {
  if (module === undefined) {
    if (trained && wasGiven('network', trained))
      throw new UserError(
        `${trained.name}: was trained with a network of one's own, given as a function, which no checkpoint holds; give the same: { network } in a program, --network file.js to a command, or its file by network.module.`,
      );
    return undefined;
  }
  const network = await loadNetworkModule(module, 'network.module');
  print(`Network of ${module}.`);
  return network;
}
