import { channel } from 'node:diagnostics_channel';
import { type CApi, type Pointer } from './capi.js';
import { nodeBackend } from './backend.js';
import { assertCluster, patienceOf } from './cluster.js';
import { lostPeer } from './lost-peer.js';
import { EagerContext } from './eager-context.js';
import { releaseFreedMemory, releaseGarbage } from './freed-memory.js';
import { type NamedFunction } from './graph-builder.js';
import { fusedPrefix } from './fused-functions.js';
import { graphFunction } from './graph-function.js';
import { type Profile, profileGraph, type ProfileOptions } from './profile.js';
import { type EngineOptions, sessionConfig } from './session-config.js';
import { currentTrace, type TraceOptions } from './trace.js';
import { type Traceable, type TracedGraph, traceGraph, type TraceStatistics } from './traced-function.js';
import { assertSameStructure, isTensor, putTogether, type Structure, takeApart } from './tree.js';
import type { HostTensor } from '@toco/core';
import type { TypedArray } from '@toco/core';

/** Options of everything that is compiled over one state. */
export interface ProgramOptions
  extends
    EngineOptions,
    Omit<TraceOptions, 'localOperations' | 'operationThreads' | 'wideIntegers' | 'cluster'> {
  /** Compiles each function with XLA as a whole: slow to begin, faster afterwards. */
  readonly xla: boolean;
  /** Functions (phases and shapes of batches) that are held at once; beyond it, the one unused for longest goes. */
  readonly maxTraces: number;
}

/** A function that TensorFlow holds, and how its results are put together. */
export interface LoadedFunction {
  readonly name: string;
  readonly structure: Structure;
  readonly statistics: TraceStatistics;
  /** The function and those that it calls, which others may call, too: TensorFlow counts them. */
  readonly definitions: readonly NamedFunction[];
  /** Called when TensorFlow no longer holds it, so that nobody else does. */
  readonly onRelease: () => void;
}

/** Pieces of code that may wait for being called again, for each function that may be held. */
const idlePiecesPerTrace = 16;

/** Tells whoever subscribes to it of each function that is traced or released: `{ program, event, name, held }`. */
const traces = channel('@toco/graph:traces');

/** What lets TensorFlow give threads of its own to each runtime. */
const ownThreads = 'TF_OVERRIDE_GLOBAL_THREADPOOL';

/** State in variables of TensorFlow's own, and the functions over it. Calls run one after another, in order. */
export class Program {
  readonly #api: CApi;
  #context: EagerContext;
  readonly #options: ProgramOptions;
  /** Structure of the state. */
  readonly state: Structure;
  #variables: readonly Pointer[];
  /** The functions that TensorFlow holds; the one used last comes last. */
  readonly #held = new Set<LoadedFunction>();
  /** Names of what XLA compiled in the present context. */
  #compiled = new Set<string>();
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
    const { maxTraces, cluster } = options;
    if (cluster) assertCluster(cluster);
    if (cluster && options.xla)
      throw new Error('xla compiles no reductions over processes: leave xla out, or the cluster.');
    if (!(maxTraces >= 1)) throw new Error(`maxTraces ${maxTraces}: give a whole number, 1 or more.`);
    const { structure, leaves } = takeApart('state', state);
    const bytes = structure.specs.find(({ dtype }) => dtype === 'uint8');
    if (bytes)
      throw new Error(`state.${bytes.path} is uint8: TensorFlow.js computes with float32, int32 and bool.`);
    this.state = structure;
    this.#context = new EagerContext(api, options);
    this.#variables = structure.specs.map((spec) => this.#context.variable(spec));
    this.#assign(leaves);
    cluster?.lost?.addEventListener('abort', this.#abortLost, { once: true });
  }

  /**
   * Traces `f` without running anything; the graph goes to the caller.
   *
   * @param portable whether it consists of public operations only, which every TensorFlow runs on every device
   */
  trace(f: Traceable, batch: Structure, portable = this.#options.xla): TracedGraph {
    return this.#trace(f, batch, { portable, wideIntegers: false, cluster: undefined });
  }

  #trace(
    f: Traceable,
    batch: Structure,
    { portable, ...how }: { portable: boolean } & Pick<TraceOptions, 'wideIntegers' | 'cluster'>,
  ): TracedGraph {
    this.#assertUsable();
    const localOperations = !portable && !nodeBackend().isUsingGpuDevice;
    const options = {
      ...this.#options,
      ...how,
      localOperations,
      operationThreads: this.#options.threads?.intra,
    };
    return traceGraph(this.#api, f, { state: this.state, batch }, options);
  }

  /**
   * Traces `f` and hands it to TensorFlow as a function, in place of the one unused for longest where there are many.
   *
   * @param onRelease called when the function has to make room for another; it can't be called from then on
   */
  load(f: Traceable, batch: Structure, onRelease: () => void): LoadedFunction {
    this.#assertUsable();
    const { xla, wideIntegers = false, cluster } = this.#options;
    const graph = this.#trace(f, batch, { portable: xla, wideIntegers, cluster });
    try {
      const name = `function_${this.#serial++}`;
      const definition = graphFunction(this.#api, name, graph.builder, {
        inputs: [...graph.feeds, ...graph.variables],
        outputs: graph.outputs,
        effects: graph.assignments,
        xla: this.#options.xla,
      });
      const { structure, statistics } = graph;
      const definitions = [...graph.builder.functions.splice(0), { name, definition }];
      const loaded = { name, structure, statistics, definitions, onRelease };
      this.#add(this.#context, loaded);
      this.#makeRoom();
      this.#held.add(loaded);
      this.#tell('traced', name);
      return loaded;
    } finally {
      graph.builder.dispose();
    }
  }

  /** Notes that a function is used, so that others make room first. */
  touch(loaded: LoadedFunction): void {
    if (this.#held.delete(loaded)) this.#held.add(loaded);
  }

  /** Releases functions until another one may be held, each once the calls made so far have ended. */
  #makeRoom(): void {
    for (const oldest of this.#held) {
      if (this.#held.size < this.#options.maxTraces) return;
      this.#held.delete(oldest);
      oldest.onRelease();
      void this.#enqueue(() => {
        this.#remove(oldest);
        this.#renew();
        this.#tell('released', oldest.name);
      });
    }
  }

  #tell(event: 'traced' | 'released', name: string): void {
    if (traces.hasSubscribers) traces.publish({ program: this, event, name, held: this.#held.size });
  }

  #add(context: EagerContext, { definitions }: LoadedFunction): void {
    for (const { name, definition } of definitions) {
      context.addFunction(definition);
      if (this.#options.xla || name.startsWith(fusedPrefix)) this.#compiled.add(name);
    }
  }

  #remove({ definitions }: LoadedFunction): void {
    for (const { name, definition } of definitions) {
      this.#context.removeFunction(name);
      this.#api.TF_DeleteFunction(definition);
    }
  }

  /**
   * Goes on in a new context once the present one keeps much code that nothing calls any longer: what XLA compiled is freed with
   * its context only. A context in a cluster stays, since its server does.
   */
  #renew(): void {
    if (this.#options.cluster) return;
    const called = new Set([...this.#held].flatMap(({ definitions }) => definitions.map(({ name }) => name)));
    const idle = [...this.#compiled].filter((name) => !called.has(name)).length;
    if (idle <= idlePiecesPerTrace * this.#options.maxTraces) return;
    const [old, variables] = [this.#context, this.#variables];
    const context = new EagerContext(this.#api, this.#options);
    this.#compiled = new Set();
    for (const loaded of this.#held) this.#add(context, loaded);
    this.#variables = this.state.specs.map((spec, i) => {
      const variable = context.variable(spec);
      context.assign(variable, spec.dtype, old.take(variables[i]!, spec));
      old.destroy(variables[i]!);
      return variable;
    });
    this.#context = context;
    for (const { definitions } of this.#held) for (const { name } of definitions) old.removeFunction(name);
    old.dispose();
  }

  /**
   * Calls a function after those called before. Arrays below a megabyte are copied before this returns, larger ones on other
   * threads until the call has begun.
   */
  async call({ name, structure }: LoadedFunction, batch: unknown): Promise<unknown> {
    this.#assertUsable();
    this.#options.cluster?.lost?.throwIfAborted();
    const uploading = this.#upload('batch', batch);
    return this.#enqueue(async () => {
      const feeds = await uploading;
      try {
        // By now the caller has let go of what the state was made from.
        if (!this.#called) await releaseGarbage(this.#api);
        this.#called = true;
        const inputs = [...feeds, ...this.#variables];
        const outputs = await this.#withOthers(
          this.#context.call(name, 'The compiled function', inputs, structure.specs.length),
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

  /** A call that other processes may take part in: it ends in bounded time, and says whom it waited for. */
  async #withOthers<T>(call: Promise<T>): Promise<T> {
    const { cluster } = this.#options;
    if (!cluster) return call;
    const seconds = patienceOf(cluster);
    const timer = setTimeout(() => {
      this.#context.abortReductions(
        `a reduction has waited ${seconds} s for a process that does not join it`,
      );
    }, seconds * 1000);
    try {
      return await call;
    } catch (error) {
      throw await lostPeer(error as Error, cluster);
    } finally {
      clearTimeout(timer);
    }
  }

  readonly #abortLost = (): void => {
    const reason: unknown = this.#options.cluster?.lost?.reason;
    this.#context.abortReductions(reason instanceof Error ? reason.message : 'a process was lost');
  };

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
        return await profileGraph(this.#api, graph, sessionConfig({ ...this.#options, cluster: undefined }), {
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
    this.#options.cluster?.lost?.removeEventListener('abort', this.#abortLost);
    void this.#enqueue(() => {
      for (const loaded of this.#held) this.#remove(loaded);
      this.#held.clear();
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

  /** Handles of all leaves; what is wrong with one is thrown at once. The result rejects when it is waited for, not before. */
  #upload(name: string, tree: unknown): Promise<Pointer[]> {
    const { structure, leaves } = takeApart(name, tree);
    const context = this.#context;
    const handles: Promise<Pointer>[] = [];
    const releaseAll = async (): Promise<void> => {
      for (const handle of await Promise.allSettled(handles))
        if (handle.status === 'fulfilled') context.release(handle.value);
    };
    try {
      leaves.forEach((leaf, i) => {
        const spec = structure.specs[i]!;
        handles.push(Promise.resolve(context.uploadLater(`${name}.${spec.path}`, valuesOf(leaf), spec)));
      });
    } catch (error) {
      void releaseAll();
      throw error;
    }
    const all = Promise.all(handles).catch(async (error: unknown) => {
      await releaseAll();
      throw error;
    });
    all.catch(() => undefined);
    return all;
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
