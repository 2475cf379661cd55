import * as tf from '@tensorflow/tfjs-core';
import { type Attribute } from './attribute.js';
import { type Binding, type NativeInfo, type NodeBackend, nodeBackend, type TensorEntry } from './backend.js';
import { type CallSite, callSite, currentPlace } from './call-site.js';
import { type CApi, type Output, type Pointer } from './capi.js';
import type { Cluster } from './cluster.js';
import { guardConstant } from './constant-guard.js';
import { gatherKernel } from './gather.js';
import { FusedFunctions } from './fused-functions.js';
import { type GraphBuilder } from './graph-builder.js';
import { onThreads, withoutOwnKernels } from './own-kernels.js';
import { type Precision, Products } from './products.js';
import { TF } from './dtype.js';
import { TraceError } from './trace-error.js';

/** What a trace needs to know. */
export interface TraceOptions {
  /** Format of matrix products and convolutions. */
  readonly precision: Precision;
  /** Whether operations may be used that neither other devices nor other programs have: the graph runs here, on the CPU. */
  readonly localOperations: boolean;
  /** Threads that each of those may use; default: what `@toco/runtime` gives them. */
  readonly operationThreads?: number | undefined;
  /** See `CompileOptions`. */
  readonly roundOnly?: boolean | undefined;
  /** Whether variables keep int32 as int64, see `EngineOptions`. */
  readonly wideIntegers?: boolean | undefined;
  /** Largest constant that may look like random draws or learned values. */
  readonly maxConstantBytes: number;
  /** The processes that the graph will run in together. */
  readonly cluster?: Cluster | undefined;
}

// Numbers of traced tensors begin where those of native ones do not get, so that one look tells them apart.
const firstId = 2 ** 30;

let active: Trace | undefined;

/** The trace that is under way, if any. */
export function currentTrace(): Trace | undefined {
  return active;
}

/**
 * One tracing of one function. While it is active, TensorFlow.js' kernels ask it instead of the native library; it answers
 * with nodes of a graph and the shapes that TensorFlow infers for them, so nothing is computed.
 */
export class Trace {
  /** The graph under construction. */
  builder: GraphBuilder;
  readonly #backend: NodeBackend;
  readonly #options: TraceOptions;
  #precision: Precision;
  #products: Products;
  readonly #values: {
    readonly output: Output;
    readonly op: string;
    readonly builder: GraphBuilder;
  }[] = [];
  #constants = new WeakMap<object, number>();
  readonly #made: { dataId: object; op: string; site: CallSite }[] = [];
  #fault: TraceError | undefined;

  constructor(api: CApi, builder: GraphBuilder, options: TraceOptions) {
    this.builder = builder;
    this.#backend = nodeBackend();
    this.#options = options;
    this.#precision = options.precision;
    this.functions = new FusedFunctions(api);
    this.#products = new Products(
      builder,
      options.localOperations
        ? { threads: options.operationThreads, roundOnly: options.roundOnly }
        : undefined,
    );
  }

  /** A tensor of TensorFlow.js that stands for `output`. */
  tensor(output: Output, op = 'input'): tf.Tensor {
    return this.#backend.createOutputTensor(this.#register(output, op));
  }

  /** The output that `tensor` stands for; a tensor with values becomes a constant. */
  output(tensor: tf.TensorInfo): Output {
    return this.#outputOf(this.#idOf(tensor));
  }

  /** The values of `x`, not before `after` has been computed. */
  later(x: tf.TensorInfo, after: readonly tf.TensorInfo[]): tf.Tensor {
    const waits = { after: after.map((tensor) => this.output(tensor).oper) };
    return this.tensor(this.#products.identity(this.output(x), waits), 'Identity');
  }

  /** Disposes of a tensor that stands for an output; others stay. */
  discard(tensor: tf.Tensor): void {
    if (!tensor.isDisposed && this.#stands(tensor.dataId)) tensor.dispose();
  }

  /** Reductions over processes so far, in order, by the numbers that the processes know them by. */
  readonly reductions = new Map<number, Pointer>();

  /** The processes that the graph will run in together. */
  get cluster(): Cluster | undefined {
    return this.#options.cluster;
  }

  /** Whether a nested function is being traced. */
  get isNested(): boolean {
    return this.#isNested;
  }

  #isNested = false;

  /** Functions that XLA compiles, and their calls. */
  readonly functions: FusedFunctions;

  /** Traces `f` into a function of its own, compiled with XLA, and calls it on `inputs`. */
  nested(inputs: readonly tf.Tensor[], f: (inputs: tf.Tensor[]) => tf.Tensor[]): tf.Tensor[] {
    if (tf.engine().isTapeOn()) {
      this.fail(
        'A fused function is called under a gradient',
        'give it a gradient of its own by tf.customGrad',
      );
    }
    const arguments_ = inputs.map((input) => this.output(input));
    const { outputs } = this.functions.call(this.builder, arguments_, (inner, feeds) =>
      this.#within(inner, () => ({
        outputs: f(feeds.map((feed) => this.tensor(feed))).map((output) => this.output(output)),
      })),
    );
    return outputs.map((output) => this.tensor(output, 'a fused function'));
  }

  /** Runs `f` with `inner` as the graph under construction. */
  #within<T>(inner: GraphBuilder, f: () => T): T {
    const [builder, constants, products] = [this.builder, this.#constants, this.#products];
    this.builder = inner;
    this.#constants = new WeakMap();
    this.#products = new Products(inner, undefined);
    this.#isNested = true;
    const restoreKernels = withoutOwnKernels();
    try {
      return f();
    } finally {
      restoreKernels();
      this.builder = builder;
      this.#constants = constants;
      this.#products = products;
      this.#isNested = false;
    }
  }

  /** Runs `f` with products in another precision. */
  inPrecision<T>(precision: Precision, f: () => T): T {
    const outer = this.#precision;
    this.#precision = precision;
    try {
      return f();
    } finally {
      this.#precision = outer;
    }
  }

  /** Ends the trace, with the user's line that is to blame, even if the step catches the error. */
  fail(what: string, instead: string): never {
    this.#fault = new TraceError(`${what} at ${currentPlace()}: ${instead}.`);
    throw this.#fault;
  }

  /**
   * Runs `f` with this trace in TensorFlow.js' place and puts everything back afterwards, also when `f` throws.
   *
   * @throws TraceError for what cannot become a graph, even if `f` caught it.
   */
  run<T>(f: () => T): T {
    const engine = tf.engine();
    const restore = this.#standIn();
    active = this; // eslint-disable-line @typescript-eslint/no-this-alias
    engine.startScope('trace');
    try {
      const result = f();
      if (this.#fault) throw this.#fault;
      return result;
    } catch (error) {
      discardTape();
      throw this.#fault ?? error;
    } finally {
      engine.endScope();
      active = undefined;
      restore();
      this.#disownLeaks();
    }
  }

  #outputOf(id: number): Output {
    const { output, op, builder } = this.#values[id - firstId]!;
    if (builder !== this.builder) {
      this.fail(`A tensor made by ${op} crosses the border of a fused function`, 'give it as an argument');
    }
    return output;
  }

  #stands(dataId: object): boolean {
    if (!this.#backend.tensorMap.has(dataId)) return false;
    const entry = this.#backend.tensorMap.get(dataId);
    return entry.values === null && entry.id >= firstId;
  }

  #register(output: Output, op: string): NativeInfo {
    const { dtype, shape } = this.builder.info(output);
    if (!shape || shape.some((side) => side < 0)) {
      this.fail(
        `${op} gives a shape that depends on values ([${shape?.join() ?? 'unknown rank'}])`,
        'a graph needs static shapes: use masks or a fixed top-k instead',
      );
    }
    return { id: firstId + this.#values.push({ output, op, builder: this.builder }) - 1, shape, dtype };
  }

  #idOf(tensor: tf.TensorInfo): number {
    const entry = this.#backend.tensorMap.get(tensor.dataId);
    if (entry.values === null && entry.id >= firstId) return entry.id;
    let id = this.#constants.get(tensor.dataId);
    if (id === undefined) this.#constants.set(tensor.dataId, (id = this.#freeze(entry)));
    return id;
  }

  /** Values made in the step on the host, or a tensor from outside it, as a constant. The tensor itself is left as it is. */
  #freeze(entry: TensorEntry): number {
    const inside = entry.values !== null;
    const values = entry.values ?? this.#native.tensorDataSync(entry.id);
    const origin = (): string =>
      `${inside ? 'values made on the host' : 'a tensor from outside the step'}, used at ${currentPlace()}`;
    try {
      guardConstant(values, this.#options.maxConstantBytes, origin);
    } catch (error) {
      this.#fault = error as TraceError;
      throw error;
    }
    return this.#constant(entry.shape, entry.dtype, values);
  }

  #constant(shape: readonly number[], dtype: number, values: ArrayLike<unknown>): number {
    if (dtype !== TF.float32 && dtype !== TF.int32 && dtype !== TF.bool && dtype !== TF.int64) {
      this.fail(
        `a constant of TensorFlow type ${dtype} is used`,
        'only float32, int32 and bool can be traced',
      );
    }
    // Values may come as plain arrays, or as another kind of array than the type needs; int64 comes as pairs of int32.
    const Type = dtype === TF.float32 ? Float32Array : dtype === TF.bool ? Uint8Array : Int32Array;
    const data = values instanceof Type ? values : Type.from(values as ArrayLike<number>);
    return this.#register(this.builder.constant(data, shape, dtype), 'constant').id;
  }

  #execute(op: string, attributes: Attribute[], ids: readonly number[], count: number): NativeInfo[] {
    const inputs = ids.map((id) => this.#outputOf(id));
    const { operationThreads: threads } = this.#options;
    const settings = threads === undefined ? attributes : onThreads(threads, op, attributes);
    let outputs: readonly Output[];
    try {
      outputs = this.#products.outputs({ op, inputs, attributes: settings }, this.#precision);
    } catch (error) {
      this.fail((error as Error).message, 'TensorFlow refuses this operation');
    }
    return outputs.slice(0, count).map((output) => this.#register(output, op));
  }

  #native!: Binding;

  /** Takes the places of the backend's native half and of what reads values; gives back the way out. */
  #standIn(): () => void {
    const backend = this.#backend;
    const native = (this.#native = backend.binding);
    const noValue = (method: string): never =>
      this.fail(
        `${method} asks for the values of a traced tensor`,
        'they exist only when the compiled step runs: compute with tensors, or return it as a metric',
      );
    // The addon's own object is read-only, so a copy takes its place.
    const recording: Binding = {
      ...(Object.fromEntries(
        Object.getOwnPropertyNames(native).map((key) => [key, Reflect.get(native, key) as unknown]),
      ) as Partial<Binding>),
      executeOp: (op, attributes, inputs, outputs) => this.#execute(op, attributes, inputs, outputs),
      createTensor: (shape, dtype, values) => this.#constant(shape, dtype, values),
      deleteTensor: (id) => {
        if (id < firstId) native.deleteTensor(id);
      },
      tensorDataSync: (id) => (id < firstId ? native.tensorDataSync(id) : noValue('dataSync()')),
    };
    const getInputTensorIds = backend.getInputTensorIds.bind(backend);
    const createOutputTensor = backend.createOutputTensor.bind(backend);
    const read = backend.read.bind(backend);
    const overrides = {
      binding: recording,
      getInputTensorIds: (tensors: readonly tf.TensorInfo[]): number[] =>
        tensors.flatMap((tensor) =>
          // 64-bit scalars are no tensors; tfjs-node uploads them itself.
          'dataId' in tensor ? [this.#idOf(tensor)] : getInputTensorIds([tensor]),
        ),
      createOutputTensor: (info: NativeInfo): tf.Tensor => {
        const tensor = createOutputTensor(info);
        const { op } = this.#values[info.id - firstId]!;
        this.#made.push({ dataId: tensor.dataId, op, site: callSite() });
        return tensor;
      },
      read: (dataId: object) => {
        if (!this.#stands(dataId)) return read(dataId);
        try {
          return noValue('data()');
        } catch {
          // The fault ends the trace; a rejection would reach nobody who could handle it.
          return new Promise<never>(() => undefined);
        }
      },
    };
    const restoreBackend = replace(backend, overrides);
    const restoreGather = gatherKernel();
    const restoreKernels = this.#options.localOperations ? undefined : withoutOwnKernels();
    const restoreRandom = replace(Math, {
      random: () =>
        this.fail(
          'Randomness is drawn in JavaScript',
          'it would be the same at every run: let it come in with the batch',
        ),
    });
    // TensorFlow.js' own frames are many; the user's line lies below them.
    const restoreStack = replace(Error, { stackTraceLimit: 32 });
    return () => {
      restoreStack();
      restoreRandom();
      restoreKernels?.();
      restoreGather();
      restoreBackend();
    };
  }

  /** Makes tensors that outlived the trace say so when they are used; disposing of them does nothing. */
  #disownLeaks(): void {
    for (const { dataId, op, site } of this.#made) {
      if (!this.#backend.tensorMap.has(dataId)) continue;
      const entry = this.#backend.tensorMap.get(dataId);
      entry.id = -1;
      Object.defineProperty(entry, 'values', {
        get: (): never => {
          throw new TraceError(
            `A tensor made by ${op} at ${site()} was kept from a traced step and has no values: return it from the step.`,
          );
        },
      });
    }
  }
}

/** Sets properties of `object` for a while; the result puts back what was there, own properties or inherited ones. */
function replace<T extends object>(object: T, overrides: Partial<T>): () => void {
  const before = Object.keys(overrides).map(
    (key) => [key, Object.getOwnPropertyDescriptor(object, key)] as const,
  );
  for (const [key, value] of Object.entries(overrides)) {
    Object.defineProperty(object, key, { value, configurable: true, writable: true });
  }
  return () => {
    for (const [key, descriptor] of before) {
      if (descriptor) Object.defineProperty(object, key, descriptor);
      else Reflect.deleteProperty(object, key);
    }
  };
}

/** A function that throws under a gradient leaves tensors on TensorFlow.js' tape that nobody would free. */
function discardTape(): void {
  const { state } = tf.engine();
  if (state.gradientDepth > 0 || !state.activeTape) return;
  for (const node of state.activeTape) for (const tensor of node.saved ?? []) tensor.dispose();
  Object.assign(state, { activeTape: null }); // which the engine takes for none, its types do not
}
