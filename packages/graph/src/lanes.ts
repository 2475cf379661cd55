import * as tf from '@tensorflow/tfjs-core';
import type { CompileOptions } from './compile.js';

/** A function of tokens `[B,N,D]` and weights, such as a block of a transformer. */
type Block<W> = (tokens: tf.Tensor3D, weights: W) => tf.Tensor3D;

/** What a backbone passes each of its blocks through: `wrapBlock` of `@toco/backbone`. */
export type WrapBlock = <W extends object>(block: Block<W>) => Block<W>;

/**
 * Lets a backbone compute each block for parts of the batch, at most `lanes` of equal size, so that an engine that runs
 * operations side by side always has some at hand. For passes that no gradient goes through: it would come in parts too.
 *
 * @example
 * network.forward(params, images, { wrapBlock: inLanes(2) });
 */
export function inLanes(lanes: number): WrapBlock {
  return (block) => (tokens, weights) => {
    const parts = divisorUpTo(lanes, tokens.shape[0]);
    if (parts === 1) return block(tokens, weights);
    return tf.tidy(() =>
      tf.concat(
        tf.split<tf.Tensor3D>(tokens, parts).map((part) => block(part, weights)),
        0,
      ),
    );
  };
}

function divisorUpTo(limit: number, count: number): number {
  for (let parts = limit; parts > 1; parts--) if (count % parts === 0) return parts;
  return 1;
}

/** What `initBackend` of `@toco/runtime` says of the engine. */
interface Engine {
  readonly backend: string;
  readonly device: string;
  readonly threads?: number | undefined;
  readonly kernels?: string | undefined;
}

/** How a compiled step shares an engine's threads, and how its processor multiplies. */
export interface Lanes {
  /** For passes that no gradient goes through: `targetForward` of `trainStep`, `forward` of `segmenter`. */
  readonly forward: { readonly wrapBlock?: WrapBlock };
  /** What to compile with. */
  readonly options: Pick<CompileOptions, 'threads' | 'roundOnly'>;
}

/** The engine shares its threads itself. */
export const oneLane: Lanes = { forward: {}, options: {} };

/**
 * With two threads on the CPU, two operations run side by side on one thread each: a step has two chains of them nearly
 * everywhere (views and scales, gradients of weights and of inputs), and no thread waits for the other's half of an operation.
 * An iteration of a small network takes 9 % less in float32 and 15 % in bf16 (EXPERIMENTS.md). More threads than chains
 * stay TensorFlow's to share, and so does what XLA compiles whole: it is a single operation.
 */
export function lanesOf(
  { backend, device, threads, kernels }: Engine,
  { xla = false }: Pick<CompileOptions, 'xla'> = {},
): Lanes {
  if (backend !== 'tensorflow' || device !== 'cpu' || xla) return oneLane;
  const processor = kernels !== undefined && withoutBfloat16.has(kernels) ? { roundOnly: true } : {};
  if (threads !== 2) return { forward: {}, options: processor };
  return { forward: { wrapBlock: inLanes(2) }, options: { ...processor, threads: { inter: 2, intra: 1 } } };
}

/** Instruction sets of our kernels on processors for which TensorFlow has no products of bfloat16. */
const withoutBfloat16 = new Set(['avx2', 'neon']);
