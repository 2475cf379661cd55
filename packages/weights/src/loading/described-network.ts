import { readFile } from 'node:fs/promises';
import { UserError } from '@toco/files';
import type { NetworkConfig } from '../checkpoints/read-checkpoint.js';
import { resolveDescription, resolveWeights, type ResolveWeightsOptions } from '../resolve-weights.js';

/** What a network was made by, as far as it is known. */
export interface NetworkSettings {
  readonly backbone?: Partial<NetworkConfig['backbone']> | undefined;
  readonly network?: Partial<NetworkConfig['network']> | undefined;
}

/** What the `config.json` beside a weight file says of its network. */
export interface DescribedNetwork {
  readonly settings: NetworkSettings;
  /** Names of the foreground classes, where its author gave some. */
  readonly classes?: readonly string[] | undefined;
  /** File names of its author's JavaScript modules, which did not come with it. */
  readonly modules: { readonly backbone?: string | undefined; readonly network?: string | undefined };
}

/**
 * What `toco publish` wrote of a network beside its weights: of a `model.safetensors` the `config.json` in the same folder, or on the
 * same hub.
 *
 * @returns undefined where there is none, or it is of another program
 * @throws one line: no such weights, no connection, or a value that none of ours has
 */
export async function describedNetwork(
  weights: string,
  options: ResolveWeightsOptions = {},
): Promise<DescribedNetwork | undefined> {
  const file = await resolveDescription(weights, await resolveWeights(weights, options), options);
  if (file === undefined) return undefined;
  const given = objectOf(parsed(await readFile(file, 'utf8')))['toco'];
  if (given === undefined) return undefined;
  const { backbone, network, classes } = objectOf(given);
  const of = (part: string, values: unknown) => reader(`${file}: toco.${part}`, objectOf(values));
  const [ofBackbone, ofNetwork] = [of('backbone', backbone), of('network', network)];
  const modules = { backbone: ofBackbone.text('module'), network: ofNetwork.text('module') };
  const resizings = ['bicubic', 'antialiased', 'bilinear'] as const;
  const projection = of('network.projection', objectOf(network)['projection']);
  const [hidden, bottleneck, out] = (['hidden', 'bottleneck', 'out'] as const).map((key) =>
    projection.whole(key),
  );
  return {
    settings: {
      backbone: {
        // That of a module is no name of ours.
        ...defined({ name: modules.backbone === undefined ? ofBackbone.text('name') : undefined }),
        ...defined({ auxBlock: ofBackbone.whole('auxBlock'), depth: ofBackbone.whole('depth') }),
        ...defined({ positionResizing: ofBackbone.oneOf('positionResizing', resizings) }),
      },
      network: {
        ...defined({ decoderDim: ofNetwork.whole('decoderDim') }),
        ...defined({ decoderDilation: ofNetwork.whole('decoderDilation') }),
        ...(hidden !== undefined &&
          bottleneck !== undefined &&
          out !== undefined && { projection: { hidden, bottleneck, out } }),
      },
    },
    classes: namesOf(classes),
    modules,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Of another program, since ours is written whole.
    return undefined;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Names of classes; undefined where they are the numbers that an export writes for want of names. */
function namesOf(classes: unknown): readonly string[] | undefined {
  if (!Array.isArray(classes) || !classes.every((name) => typeof name === 'string')) return undefined;
  return classes.every((name, i) => name === `class ${i + 1}`) ? undefined : classes;
}

/** Reads values of the kinds that they must have; a file of a hub may have been changed by anyone. */
function reader(where: string, values: Readonly<Record<string, unknown>>) {
  const value = <T>(key: string, { is, what }: { is: (value: unknown) => boolean; what: string }) => {
    const given = values[key];
    if (given === undefined || is(given)) return given as T | undefined;
    throw new UserError(`${where}.${key} is ${JSON.stringify(given)}, expected ${what}; correct it there.`);
  };
  return {
    text: (key: string) => value<string>(key, { is: (given) => typeof given === 'string', what: 'a string' }),
    whole: (key: string) => value<number>(key, { is: Number.isInteger, what: 'a whole number' }),
    oneOf: <T extends string>(key: string, choices: readonly T[]) =>
      value<T>(key, {
        is: (given) => (choices as readonly unknown[]).includes(given),
        what: choices.join(' or '),
      }),
  };
}

/** An object without the keys that are undefined. */
export function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
