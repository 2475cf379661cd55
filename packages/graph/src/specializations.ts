import { type LoadedFunction, type Program } from './program.js';
import { type Profile, type ProfileOptions } from './profile.js';
import { describeGraph, type ExportedGraph } from './exported-graph.js';
import { type Traceable, type TraceStatistics } from './traced-function.js';
import { type Feeds, type Fetched, type Structure, takeApart } from './tree.js';

/** A function that runs inside TensorFlow, traced once for each phase and each shape of its batch. */
export interface TracedFunction<B, P, M> {
  /**
   * Runs it after all calls before; the event loop stays free meanwhile. Without `phase`, the phase of the example.
   *
   * @returns numbers for scalars, `{ data, shape, dtype }` for other tensors.
   */
  readonly run: (batch: B | Feeds<B>, phase?: P) => Promise<Fetched<M>>;
  /** What the trace for a phase consists of; the first one made, where it was traced for several shapes. */
  readonly stats: (phase?: P) => TraceStatistics;
  /** The graph of a phase as the bytes of a `GraphDef`, with the names of what goes in and comes out. */
  readonly graphDef: (phase?: P) => ExportedGraph;
  /**
   * Measures where the time of a run goes. Works on a copy of the state, so that nothing advances; without XLA.
   */
  readonly profile: (batch: B | Feeds<B>, phase?: P, options?: ProfileOptions) => Promise<Profile>;
}

interface Entry {
  readonly phase: string;
  readonly batch: Structure;
  readonly f: Traceable;
  readonly loaded: LoadedFunction;
}

/** The traces of one function, by phase and shape. */
export class Specializations<B, P, M> {
  readonly #program: Program;
  readonly #bind: (phase: unknown) => Traceable;
  readonly #phase: P | undefined;
  readonly #entries = new Map<string, Entry>();

  constructor(program: Program, bind: (phase: unknown) => Traceable, phase?: P) {
    this.#program = program;
    this.#bind = bind;
    this.#phase = phase;
  }

  /** The trace for a phase and a batch; made now if it is not there yet. */
  prepare(batch: unknown, phase: P | undefined): LoadedFunction {
    const { structure } = takeApart('batch', batch);
    const phaseKey = stableJson(phase);
    const key = `${phaseKey} ${JSON.stringify(structure)}`;
    let entry = this.#entries.get(key);
    if (entry) {
      this.#program.touch(entry.loaded);
    } else {
      const f = this.#bind(phase);
      const loaded = this.#program.load(f, structure, () => this.#entries.delete(key));
      entry = { phase: phaseKey, batch: structure, f, loaded };
      this.#entries.set(key, entry);
    }
    return entry.loaded;
  }

  /** What users see of it. */
  surface(): TracedFunction<B, P, M> {
    return {
      run: async (batch, phase = this.#phase) =>
        (await this.#program.call(this.prepare(batch, phase), batch)) as Fetched<M>,
      stats: (phase = this.#phase) => this.#find(phase).loaded.statistics,
      graphDef: (phase = this.#phase) => {
        const { f, batch } = this.#find(phase);
        const graph = this.#program.trace(f, batch, true);
        try {
          return describeGraph(graph, batch, this.#program.state);
        } finally {
          graph.builder.dispose();
        }
      },
      profile: async (batch, phase = this.#phase, options = {}) => {
        const { structure } = takeApart('batch', batch);
        return this.#program.profile(this.#bind(phase), structure, { ...options, batch });
      },
    };
  }

  #find(phase: P | undefined): Entry {
    const key = stableJson(phase);
    for (const entry of this.#entries.values()) if (entry.phase === key) return entry;
    throw new Error(`Phase ${key} was not traced yet: run it first.`);
  }
}

/** JSON whose text does not depend on the order in which keys were added. */
function stableJson(value: unknown): string {
  return (
    JSON.stringify(value, (_, child: unknown) =>
      typeof child === 'object' && child !== null && !Array.isArray(child)
        ? Object.fromEntries(Object.entries(child).sort(([a], [b]) => (a < b ? -1 : 1)))
        : child,
    ) ?? 'undefined'
  );
}
