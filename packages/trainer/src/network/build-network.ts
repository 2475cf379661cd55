import type { Backbone } from '@toco/backbone';
import {
  assertParamNames,
  BackboneError,
  createNetwork,
  type MakeNetwork,
  type Network,
} from '@toco/network';
import { asUserError } from '../config/as-user-error.js';
import type { Config } from '../config/config.js';
import { UserError } from '@toco/files';
import { isBelow } from '@toco/method';
import { assertUnnamed, namedBackbone } from '@toco/weights';

/**
 * The network that a configuration describes, on the backbone that it names or on one of one's own.
 *
 * @throws one line where a size is no multiple of the backbone's patch size, or a network of one's own is none
 */
export function buildNetwork(
  config: Config,
  {
    numClasses,
    backbone,
    network: make = createNetwork,
  }: {
    numClasses: number;
    /** Takes the place of the one that the configuration names. */
    backbone?: Backbone | undefined;
    /** Makes the network in place of `createNetwork`. */
    network?: MakeNetwork | undefined;
  },
): Network {
  const { name, ...options } = config.backbone;
  if (backbone) assertUnnamed(backbone, options);
  const chosen = backbone ?? namedBackbone(name, options);
  const { cropSize } = config.views;
  for (const [key, size] of [
    ['views.cropSize', cropSize],
    ['localCrops.size', config.localCrops.size],
    ['evaluation.size', config.evaluation.size],
  ] as const) {
    assertMultiple(key, size, chosen);
  }
  const network = make({ backbone: chosen, numClasses, ...config.network });
  assertNetwork(network, numClasses);
  const { frozen } = config.network;
  return {
    ...network,
    init(seed) {
      const state = network.init(seed);
      const given = state as Partial<typeof state> | undefined;
      if (!given?.params || !given.teacher)
        throw new UserError(
          'init() of the network gave not both params and teacher; return { params, teacher }, as that of createNetwork(options) does.',
        );
      asUserError(() => {
        assertParamNames(given.params!);
      });
      return state;
    },
    trainable: (path) => network.trainable(path) && !frozen.some((prefix) => isBelow(path, prefix)),
    forward(...args) {
      try {
        return network.forward(...args);
      } catch (error) {
        if (error instanceof BackboneError) throw new UserError(error.message, { cause: error });
        throw error;
      }
    },
  };
}

const functions = [
  ...(['init', 'trainable', 'forward', 'clsToken', 'segment', 'project', 'rawCams'] as const),
  ...(['importCheckpoint', 'exportCheckpoint'] as const),
] satisfies readonly (keyof Network)[];

/** Throws one line unless what a function of one's own has made is a network of the data's classes. */
function assertNetwork(network: Network, numClasses: number): void {
  const made = network as unknown;
  if (typeof made !== 'object' || made === null || 'then' in made) {
    const kind = made === null || typeof made !== 'object' ? String(made) : 'a promise';
    throw new UserError(
      `The network's function gave ${kind}; return a network at once, such as createNetwork(options).`,
    );
  }
  const lacking = functions.find((name) => typeof (network as Partial<Network>)[name] !== 'function');
  const what = lacking ?? ((network as Partial<Network>).backbone ? undefined : 'backbone');
  if (what !== undefined)
    throw new UserError(
      `The network has no ${lacking === undefined ? what : `${what}()`}; begin with { ...createNetwork(options) } and change what differs.`,
    );
  if (network.numClasses !== numClasses)
    throw new UserError(
      `The network is of ${network.numClasses} classes, the data of ${numClasses}; make it of options.numClasses.`,
    );
}

/** Throws one line that names the nearest fitting ones unless images of a size are whole patches. */
export function assertMultiple(
  key: string,
  size: number,
  { name, stride }: Pick<Backbone, 'name' | 'stride'>,
): void {
  if (size % stride === 0) return;
  const [below, above] = [Math.floor(size / stride), Math.ceil(size / stride)];
  const near = [below, above].filter((count) => count > 0).map((count) => count * stride);
  throw new UserError(
    `${key} ${size} is not a multiple of the patch size ${stride} of ${name}; choose ${near.join(' or ')}.`,
  );
}
