import type * as tf from '@tensorflow/tfjs-core';

/** Turns a function of tensors into one that computes the same in fewer passes over memory. */
export type Fuse = <A extends unknown[], R>(f: (...inputs: A) => R) => (...inputs: A) => R;

/** Gives the values of `x`, not before `after` has been computed, all of it where it is several. */
export type Barrier = <T extends tf.Tensor>(x: T, after: tf.Tensor | readonly tf.Tensor[]) => T;

/** Runs `f` with all of its numbers in float32. */
export type InFloat32 = <T>(f: () => T) => T;

/** Puts `name` before the names of the operations that `f` consists of, so that profiles can be read by stage. */
export type Scope = <T>(name: string, f: () => T) => T;

/** What a compiled step can do beyond single operations. */
export interface StepCompiler {
  readonly fuse: Fuse;
  readonly barrier: Barrier;
  readonly inFloat32: InFloat32;
  readonly scope: Scope;
  /** Whether what is traced serves any number of images, see {@link isForAnyBatch}. */
  readonly anyBatch?: boolean | undefined;
}

const eager: StepCompiler = {
  fuse: (f) => f,
  barrier: (x) => x,
  inFloat32: (f) => f(),
  scope: (_name, f) => f(),
};
let current = eager;

/**
 * Runs `f` for a compiled step: {@link fuse}, {@link barrier}, {@link inFloat32} and {@link scope} go through `compiler`. `compile` of
 * `@toco/graph` does so while it traces.
 *
 * @example
 * const traced = compiling(compiler, () => step(state, batch));
 */
export function compiling<T>(compiler: StepCompiler, f: () => T): T {
  const outer = current;
  current = compiler;
  try {
    return f();
  } finally {
    current = outer;
  }
}

/** Whether operations run one by one, and are not traced for a compiler of {@link compiling}. */
export function isEager(): boolean {
  return current === eager;
}

/**
 * `f` as one piece that the compiler of {@link compiling} makes of it; `f` itself where there is none. For chains of
 * element-by-element operations, whose time is that of reading and writing: normalizations, activations, refinement, losses,
 * the optimizer.
 *
 * All tensors that `f` uses must be arguments (tensors or trees of them), and no gradient may look inside: call it within
 * {@link customGradient} or {@link withoutGradient}.
 *
 * @example
 * const y = fuse((x: tf.Tensor, scale: tf.Tensor) => tf.square(tf.mul(x, scale)))(x, scale);
 */
export const fuse: Fuse =
  (f) =>
  (...inputs) =>
    current.fuse(f)(...inputs);

/**
 * `x` itself, in a compiled step not before `after` has been computed. What is computed from it is neither begun early nor
 * merged with what was computed from `x`: for what a backward pass computes again instead of keeping it.
 *
 * @example
 * const again = tf.exp(barrier(x, dy));
 */
export const barrier: Barrier = (x, after) => current.barrier(x, after);

/**
 * `f()`, in a compiled step of lower precision (bf16) with the products in it left in float32: for losses and targets, whose
 * products cost little and whose exponentials and thresholds magnify what is rounded. A gradient is computed outside of it, so
 * {@link customGradient} needs it on both ways.
 *
 * @example
 * const cosine = inFloat32(() => tf.matMul(unit, unit, false, true));
 */
export const inFloat32: InFloat32 = (f) => current.inFloat32(f);

/**
 * `f()`, in a compiled step under the name of a stage, which profiles show.
 *
 * @example
 * const output = scope('main', () => network.forward(params, images));
 */
export const scope: Scope = (name, f) => current.scope(name, f);

/** Whether what is computed is traced for any number of images: then nothing may be chosen by how many there are. */
export const isForAnyBatch = (): boolean => current.anyBatch === true;
