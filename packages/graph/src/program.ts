import { type CApi, type Pointer } from './capi.js';
import { nodeBackend } from './backend.js';
import { EagerContext } from './eager-context.js';
import { releaseFreedMemory, releaseGarbage } from './freed-memory.js';
import { graphFunction } from './graph-function.js';
import { type Profile, profileGraph, type ProfileOptions } from './profile.js';
import { type EngineOptions, sessionConfig } from './session-config.js';
import { currentTrace, type TraceOptions } from './trace.js';
import { type Traceable, type TracedGraph, traceGraph, type TraceStatistics } from './traced-function.js';
import {
  assertSameStructure,
  type HostTensor,
  isTensor,
  putTogether,
  type Structure,
  takeApart,
} from './tree.js';
import { type TypedArray } from './dtype.js';

/** Options of everything that is compiled over one state. */
export interface ProgramOptions
  extends EngineOptions, Omit<TraceOptions, 'localOperations' | 'operationThreads'> {
  /** Compiles each function with XLA as a whole: slow to begin, faster afterwards. */
  readonly xla: boolean;
  /** Functions (phases and shapes of batches) that may be held at once. */
  readonly maxTraces: number;
}

/** A function that TensorFlow holds, and how its results are put together. */
export interface LoadedFunction {
  readonly name: string;
  readonly structure: Structure;
  readonly statistics: TraceStatistics;
}

/** What lets TensorFlow give threads of its own to each runtime. */
const ownThreads = 'TF_OVERRIDE_GLOBAL_THREADPOOL';

/** State in variables of TensorFlow's own, and the functions over it. Calls run one after another, in order. */
export class Program {
  readonly #api: CApi;
  readonly #context: EagerContext;
  readonly #options: ProgramOptions;
  /** Structure of the state. */
  readonly state: Structure;
  readonly #variables: readonly Pointer[];
  readonly #names = new Set<string>();
  #serial = 0;
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;
  #called = false;

  constructor(api: CApi, state: unknown, options: ProgramOptions) {
    this.#api = api;
    this.#options = options;
    if (options.threads?.intra !== undefined && api.getenv(ownThreads) !== '1') {
      throw new Error(
        `The option threads.intra needs ${ownThreads}=1 in the environment before TensorFlow is loaded: ` +
          'initBackend() of @toco/runtime sets it, otherwise set it yourself.',
      );
    }
    const { structure, leaves } = takeApart('state', state);
    const bytes = structure.specs.find(({ dtype }) => dtype === 'uint8');
    if (bytes)
      throw new Error(`state.${bytes.path} is uint8: TensorFlow.js computes with float32, int32 and bool.`);
    this.state = structure;
    this.#context = new EagerContext(api, options);
    this.#variables = structure.specs.map((spec) => this.#context.variable(spec));
    this.#assign(leaves);
  }

  /**
   * Traces `f` without running anything; the graph goes to the caller.
   *
   * @param portable whether it consists of public operations only, which every TensorFlow runs on every device
   */
  trace(f: Traceable, batch: Structure, portable = this.#options.xla): TracedGraph {
    this.#assertUsable();
    const localOperations = !portable && !nodeBackend().isUsingGpuDevice;
    const options = { ...this.#options, localOperations, operationThreads: this.#options.threads?.intra };
    return traceGraph(this.#api, f, { state: this.state, batch }, options);
  }

  /** Traces `f` and hands it to TensorFlow as a function. */
  load(f: Traceable, batch: Structure): LoadedFunction {
    this.#assertUsable();
    if (this.#names.size >= this.#options.maxTraces) {
      throw new Error(
        `${this.#names.size} functions are traced already, one for each phase and each shape of a batch: ` +
          'pad batches to a few sizes, or raise the option maxTraces.',
      );
    }
    const graph = this.trace(f, batch);
    try {
      const name = `function_${this.#serial++}`;
      const definition = graphFunction(this.#api, name, graph.builder, {
        inputs: [...graph.feeds, ...graph.variables],
        outputs: graph.outputs,
        effects: graph.assignments,
        xla: this.#options.xla,
      });
      try {
        for (const called of graph.builder.functions) this.#context.addFunction(called);
        this.#context.addFunction(definition);
      } finally {
        this.#api.TF_DeleteFunction(definition);
      }
      this.#names.add(name);
      return { name, structure: graph.structure, statistics: graph.statistics };
    } finally {
      graph.builder.dispose();
    }
  }

  /** Calls a function after those called before. The batch is copied before this returns. */
  async call({ name, structure }: LoadedFunction, batch: unknown): Promise<unknown> {
    this.#assertUsable();
    const feeds = this.#upload('batch', batch);
    return this.#enqueue(async () => {
      try {
        // By now the caller has let go of what the state was made from.
        if (!this.#called) await releaseGarbage(this.#api);
        this.#called = true;
        const inputs = [...feeds, ...this.#variables];
        const outputs = await this.#context.call(
          name,
          'The compiled function',
          inputs,
          structure.specs.length,
        );
        return putTogether(
          structure,
          outputs.map((handle, i) => {
            const result = this.#context.download(structure.specs[i]!.path, handle);
            return result.shape.length === 0 ? result.data[0] : result;
          }),
        );
      } finally {
        for (const feed of feeds) this.#context.release(feed);
      }
    });
  }

  /** Where the time of a call goes, measured on a copy of the state after all calls so far. */
  async profile(
    f: Traceable,
    structure: Structure,
    { batch, runs = 1 }: ProfileOptions & { readonly batch: unknown },
  ): Promise<Profile> {
    if (!Number.isInteger(runs) || runs < 1) throw new Error(`runs ${runs}: give a whole number, 1 or more.`);
    const values = takeApart('batch', batch).leaves.map(valuesOf);
    const state: TypedArray[] = [];
    await this.read(({ data }) => state.push(data));
    return this.#enqueue(async () => {
      const graph = this.trace(f, structure);
      try {
        return await profileGraph(this.#api, graph, sessionConfig(this.#options), {
          feeds: structure.specs.map((spec, i) => ({ ...spec, data: values[i]! })),
          state: this.state.specs.map((spec, i) => ({ ...spec, data: state[i]! })),
          runs,
        });
      } finally {
        graph.builder.dispose();
      }
    });
  }

  /** The state after all calls so far, made of `wrap`ped values. */
  async read(wrap: (value: Required<HostTensor>) => unknown): Promise<unknown> {
    this.#assertUsable();
    return this.#enqueue(() =>
      putTogether(
        this.state,
        this.state.specs.map(({ path, dtype }, i) =>
          wrap(this.#context.download(path, this.#context.read(this.#variables[i]!, dtype))),
        ),
      ),
    );
  }

  /** Replaces the state after all calls so far. */
  async write(state: unknown): Promise<void> {
    this.#assertUsable();
    const { structure, leaves } = takeApart('state', state);
    assertSameStructure('The new state', structure.specs, this.state.specs);
    const position = new Map(structure.specs.map(({ path }, i) => [path, i]));
    const ordered = this.state.specs.map(({ path }) => leaves[position.get(path)!]!);
    return this.#enqueue(() => {
      this.#assign(ordered);
    });
  }

  /** Frees everything once the calls so far have ended. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    void this.#enqueue(() => {
      for (const name of this.#names) this.#context.removeFunction(name);
      for (const variable of this.#variables) this.#context.destroy(variable);
      this.#context.dispose();
    });
  }

  async #enqueue<T>(f: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(f);
    this.#last = result.catch(() => undefined).then(async () => releaseFreedMemory(this.#api));
    return result;
  }

  #assign(leaves: readonly Parameters<typeof valuesOf>[0][]): void {
    leaves.forEach((leaf, i) => {
      const spec = this.state.specs[i]!;
      const value = this.#context.upload(`state.${spec.path}`, valuesOf(leaf), spec);
      this.#context.assign(this.#variables[i]!, spec.dtype, value);
    });
  }

  #upload(name: string, tree: unknown): Pointer[] {
    const { structure, leaves } = takeApart(name, tree);
    const handles: Pointer[] = [];
    try {
      leaves.forEach((leaf, i) => {
        const spec = structure.specs[i]!;
        handles.push(this.#context.upload(`${name}.${spec.path}`, valuesOf(leaf), spec));
      });
      return handles;
    } catch (error) {
      for (const handle of handles) this.#context.release(handle);
      throw error;
    }
  }

  #assertUsable(): void {
    currentTrace()?.fail('A compiled function is used', 'do so outside of the step that is being traced');
    if (this.#disposed) throw new Error('The compiled program is disposed: compile it again to use it.');
  }
}

/** The elements of a leaf, without a copy where they are on the host. */
function valuesOf(leaf: Parameters<typeof isTensor>[0]): TypedArray {
  if (!isTensor(leaf)) return (leaf as HostTensor).data;
  const values = nodeBackend().readSync(leaf.dataId);
  if (ArrayBuffer.isView(values)) return values;
  return Uint8Array.from(values);
}
