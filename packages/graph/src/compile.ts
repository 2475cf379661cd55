import { setImmediate } from 'node:timers/promises';
import { compiling } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { graphCompiler, plainCompiler } from './graph-compiler.js';
import { openLibrary } from './capi.js';
import { nodeBackend } from './backend.js';
import { loadedLibrary } from './library.js';
import { type Precision } from './products.js';
import { Program, type ProgramOptions } from './program.js';
import { type EngineOptions } from './session-config.js';
import { Specializations, type TracedFunction } from './specializations.js';
import type { AnyRank, Feeds, Live } from './tree.js';
import type { HostTensor } from '@toco/core';

/** Options of {@link compile} and {@link compileFunction}. */
export interface CompileOptions extends EngineOptions {
  /**
   * `'bf16'` rounds the factors of matrix products and convolutions to bfloat16, biases added to matrix products too, but for
   * those in {@link inFloat32}, and keeps their results so until something else than a product computes with them; the rest
   * stays float32.
   */
  readonly precision?: Precision | undefined;
  /**
   * On the CPU, bf16 rounds alone: products take the rounded factors as float32. For processors that don't multiply bfloat16, where
   * TensorFlow takes many times as long and has no gradient of dilated convolutions; `lanesOf` tells.
   */
  readonly roundOnly?: boolean | undefined;
  /** Compiles each function as a whole with XLA: seconds to begin with, faster afterwards. */
  readonly xla?: boolean | undefined;
  /**
   * Largest constant, in bytes, that may look drawn at random or learned. Larger ones are an error, since what was meant
   * to vary would be frozen.
   */
  readonly maxConstantBytes?: number | undefined;
  /**
   * Leaves the step as single operations: nothing is fused, computed again or kept in float32 by name. For graphs that
   * leave the process, whose readers know no functions within a graph. With `'anyBatch'` nothing is chosen by the number of images,
   * either.
   */
  readonly plain?: boolean | 'anyBatch' | undefined;
  /** Phases and shapes of batches that are held at once; the one unused for longest makes room for another. */
  readonly maxTraces?: number | undefined;
}

/** A pure training step: same shapes in and out, no read-back, no randomness of its own. */
export type Step<S, B, P, M> = (
  state: S,
  batch: B,
  phase: P,
) => { readonly state: S | AnyRank<S>; readonly metrics: M };

/** A step that runs inside TensorFlow, and its state there. */
export interface CompiledStep<S, B, P, M> extends TracedFunction<B, P, M> {
  /** A snapshot of the state as tensors, which the caller disposes. */
  readonly state: () => Promise<S>;
  /** Replaces the state by one of the same structure. */
  readonly load: (state: S | Feeds<S>) => Promise<void>;
  /** Another function over the same live state, which it reads and leaves alone: evaluation without copies. */
  readonly function: <B2, P2, M2>(f: (state: S, batch: B2, phase: P2) => M2) => TracedFunction<B2, P2, M2>;
  /** Frees everything, the functions made by `function` too, once the calls so far have ended. */
  readonly dispose: () => void;
}

/** A function of fixed parameters that runs inside TensorFlow. */
export interface CompiledFunction<S, B, P, M> extends TracedFunction<B, P, M> {
  /** Replaces the parameters by others of the same structure. */
  readonly load: (params: S | Feeds<S>) => Promise<void>;
  /** Frees everything once the calls so far have ended. */
  readonly dispose: () => void;
}

function program(state: unknown, options: CompileOptions): Program {
  nodeBackend();
  const { precision = 'f32', xla = false, maxConstantBytes = 64 * 1024, maxTraces = 32 } = options;
  const { wideIntegers = xla && nodeBackend().isUsingGpuDevice } = options;
  const settings: ProgramOptions = { ...options, precision, xla, maxConstantBytes, maxTraces, wideIntegers };
  return new Program(openLibrary(loadedLibrary()), state, settings);
}

/** Runs `f` with what a compiled step can do beyond single operations, see `compiling` of `@toco/core`. */
const within = <T>({ plain = false }: CompileOptions, f: () => T): T =>
  compiling(plain ? { ...plainCompiler, anyBatch: plain === 'anyBatch' } : graphCompiler, f);

const toTensor = ({ data, shape, dtype }: Required<HostTensor>): tf.Tensor =>
  tf.tensor(data, [...shape], dtype === 'uint8' ? 'int32' : dtype);

/**
 * Traces a training step once, without executing it, and keeps it with its state inside TensorFlow.
 *
 * The step is called with tensors that stand for the leaves of `state` and `batch`; every operation becomes a node of a
 * graph, gradients and optimizer included. `phase` is static: any value that JSON can tell apart. A batch of another shape,
 * or another phase, is traced when it first comes; all share the state.
 *
 * @throws TraceError where the step reads a value back, draws randomness in JavaScript, or has a shape that depends on data.
 * @example
 * const compiled = await compile(step, { state, batch });
 * const { loss } = await compiled.run(batch);
 * const trained = await compiled.state();
 * compiled.dispose();
 */
export function compile<S, B, M, P = undefined>(
  step: Step<Live<S>, Live<B>, P, M>,
  example: { readonly state: S; readonly batch: B; readonly phase?: P | undefined },
  options?: CompileOptions,
): Promise<CompiledStep<Live<S>, Live<B>, P, M>>;
/** For steps with types of their own, which the example need not repeat, trees among them that no type can walk through. */
export function compile<S, B, M, P = undefined>(
  step: Step<S, B, P, M>,
  example: { readonly state: S | Feeds<S>; readonly batch: B | Feeds<B>; readonly phase?: P | undefined },
  options?: CompileOptions,
): Promise<CompiledStep<S, B, P, M>>;
export async function compile<S, B, M, P = undefined>(
  step: Step<S, B, P, M>,
  example: { readonly state: S | Feeds<S>; readonly batch: B | Feeds<B>; readonly phase?: P | undefined },
  options: CompileOptions = {},
): Promise<CompiledStep<S, B, P, M>> {
  await setImmediate(); // tracing blocks: first let the event loop have its turn
  const owner = program(example.state, options);
  const bind = (phase: unknown) => (state: unknown, batch: unknown) => {
    const result = within(options, () => step(state as S, batch as B, phase as P));
    return result instanceof Promise ? { outputs: result } : { state: result.state, outputs: result.metrics };
  };
  try {
    const own = new Specializations<B, P, M>(owner, bind, example.phase);
    own.prepare(example.batch, example.phase);
    return Object.assign(own.surface(), {
      state: async () => (await owner.read(toTensor)) as S,
      load: async (state: S | Feeds<S>) => owner.write(state),
      function: <B2, P2, M2>(f: (state: S, batch: B2, phase: P2) => M2): TracedFunction<B2, P2, M2> =>
        new Specializations<B2, P2, M2>(owner, (phase) => (state, batch) => ({
          outputs: within(options, () => f(state as S, batch as B2, phase as P2)),
        })).surface(),
      dispose: () => {
        owner.dispose();
      },
    });
  } catch (error) {
    owner.dispose();
    throw error;
  }
}

/**
 * Traces a function of parameters and inputs, e.g. a network's forward pass, and keeps it with its parameters inside
 * TensorFlow. Inputs of another shape, or another phase, are traced when they first come.
 *
 * @throws TraceError as {@link compile} does.
 * @example
 * const predict = await compileFunction(forward, { params, inputs: { images } });
 * const { logits } = await predict.run({ images });
 */
export function compileFunction<S, B, M, P = undefined>(
  f: (params: Live<S>, inputs: Live<B>, phase: P) => M,
  example: { readonly params: S; readonly inputs: B; readonly phase?: P | undefined },
  options?: CompileOptions,
): Promise<CompiledFunction<Live<S>, Live<B>, P, M>>;
/** For functions with types of their own, which the example need not repeat, trees among them that no type can walk through. */
export function compileFunction<S, B, M, P = undefined>(
  f: (params: S, inputs: B, phase: P) => M,
  example: { readonly params: S | Feeds<S>; readonly inputs: B | Feeds<B>; readonly phase?: P | undefined },
  options?: CompileOptions,
): Promise<CompiledFunction<S, B, P, M>>;
export async function compileFunction<S, B, M, P = undefined>(
  f: (params: S, inputs: B, phase: P) => M,
  example: { readonly params: S | Feeds<S>; readonly inputs: B | Feeds<B>; readonly phase?: P | undefined },
  options: CompileOptions = {},
): Promise<CompiledFunction<S, B, P, M>> {
  await setImmediate();
  const owner = program(example.params, options);
  try {
    const own = new Specializations<B, P, M>(
      owner,
      (phase) => (params, inputs) => ({
        outputs: within(options, () => f(params as S, inputs as B, phase as P)),
      }),
      example.phase,
    );
    own.prepare(example.inputs, example.phase);
    return Object.assign(own.surface(), {
      load: async (params: S | Feeds<S>) => owner.write(params),
      dispose: () => {
        owner.dispose();
      },
    });
  } catch (error) {
    owner.dispose();
    throw error;
  }
}
