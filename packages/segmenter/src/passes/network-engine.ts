import { flattenTree, type HostTensor, mapTree, type TensorTree } from '@toco/core';
import type { ApplyOptions, Network, NetworkParams } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import { filled, firstOf } from './filled-batch.js';
import { networkPass, type UsedParams } from './network-pass.js';
import type { PassEngine, PassImages, PassOutput, PassResult } from './pass-engine.js';

/** A pass as a compiler sees it: parameters by their paths, a batch, and what is wanted of it. */
export type Pass = (
  params: Readonly<Record<string, tf.Tensor>>,
  inputs: { readonly images: tf.Tensor4D },
  wanted: readonly PassOutput[],
) => Record<string, tf.Tensor>;

/** A pass that runs as one graph, for any batch and whatever is wanted. */
export interface CompiledPass {
  run(
    inputs: { readonly images: HostTensor },
    wanted: readonly PassOutput[],
  ): Promise<Readonly<Record<string, unknown>>>;
  dispose(): void;
}

/**
 * Makes a graph of a pass: `compileFunction` of `@toco/graph` with options of one's own.
 *
 * @example
 * const compiler: Compiler = (pass, example) => compileFunction(pass, example, { precision: 'bf16' });
 */
export type Compiler = (
  pass: Pass,
  example: {
    readonly params: Readonly<Record<string, tf.Tensor>>;
    readonly inputs: { readonly images: HostTensor };
    readonly phase: readonly PassOutput[];
  },
) => Promise<CompiledPass>;

/** How a network's passes are run. */
export interface NetworkEngineOptions {
  readonly compiler?: Compiler | undefined;
  /** Images of one shape after which that shape is compiled; before, and without a compiler, operations run one by one. */
  readonly compileAfter: number;
  /** Reaches the backbone in passes that are compiled. */
  readonly forward?: ApplyOptions | undefined;
}

/** Shapes whose passes are counted: of more sizes than that, the one not seen for longest is forgotten. */
const countedShapes = 64;

/** Runs a network's passes on the backend that is active. The parameters stay the caller's. */
export function networkEngine<P extends TensorTree>(
  network: Network<P>,
  params: UsedParams<P>,
  { compiler, compileAfter, forward }: NetworkEngineOptions,
): PassEngine {
  const { backbone, numClasses } = network;
  // A network of one's own may have further parts; the projection head serves training only.
  const { proj_head: _, ...used } = params as UsedParams<P> & Partial<Pick<NetworkParams, 'proj_head'>>;
  const leaves = Object.fromEntries(flattenTree(used));
  const passWith =
    (options: ApplyOptions | undefined): Pass =>
    (given, { images }, wanted) =>
      networkPass(
        network,
        mapTree(used, (_, path) => given[path]!),
        { images, wanted, forward: options },
      ) as Record<string, tf.Tensor>;
  let compiled: Promise<CompiledPass> | undefined;
  const seen = new Map<string, number>();
  const repeats = (shape: readonly number[]): boolean => {
    const key = shape.join();
    const times = (seen.get(key) ?? 0) + 1;
    seen.delete(key);
    seen.set(key, times);
    if (seen.size > countedShapes) seen.delete(seen.keys().next().value!);
    return times >= compileAfter;
  };
  return {
    name: backbone.name,
    stride: backbone.stride,
    numClasses,
    gives: (output) => output !== 'attention' || backbone.classToken === 'learned',
    async run(images, wanted, fill) {
      if (!compiler || !(fill !== undefined || repeats(images.shape))) return eager(images, wanted);
      const [batch] = images.shape;
      const inputs = { images: filled(images, fill ?? batch) };
      compiled ??= compiler(passWith(forward), { params: leaves, inputs, phase: wanted });
      return firstOf((await (await compiled).run(inputs, wanted)) as PassResult, batch);
    },
    dispose() {
      void compiled?.then(
        (it) => {
          it.dispose();
        },
        () => undefined,
      );
    },
  };

  async function eager({ data, shape }: PassImages, wanted: readonly PassOutput[]): Promise<PassResult> {
    // Without lanes: where operations run one by one, halves of them run one by one too.
    const pass = passWith(undefined);
    const outputs = tf.tidy(() => pass(leaves, { images: tf.tensor4d(data, [...shape]) }, wanted));
    try {
      return await read(outputs);
    } finally {
      tf.dispose(outputs);
    }
  }
}

/** Values of tensors, in the order of their names. */
export async function read(tensors: Readonly<Record<string, tf.Tensor>>): Promise<PassResult> {
  const entries = Object.entries(tensors).map(async ([name, tensor]) => {
    const data = (await tensor.data()) as Float32Array;
    return [name, { data, shape: tensor.shape, dtype: 'float32' }] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as PassResult;
}
