import { shapeAttribute, typeAttribute } from './attribute.js';
import { type CApi, type Pointer } from './capi.js';
import { TF } from './dtype.js';
import type { TypedArray } from '@toco/core';
import { GraphSession } from './graph-session.js';
import { nativeTensor } from './native-tensor.js';
import { messagesOf, numbersOf, type ReadMessage, readMessage, textOf } from '@toco/formats';
import { type TracedGraph } from './traced-function.js';
import { type TensorSpec } from './tree.js';

/** Time that one node took in one run. */
export interface OperationTime {
  /** Name of the node; holds the names of the {@link scope}s it was traced in. */
  readonly node: string;
  /** TensorFlow's name of the operation. */
  readonly operation: string;
  /** Device that ran it. */
  readonly device: string;
  /** When its kernel began, in milliseconds since the first one. */
  readonly start: number;
  /** Time in its kernel, in milliseconds. */
  readonly milliseconds: number;
}

/** How a profile is taken. */
export interface ProfileOptions {
  /** Runs that are timed; 1 by default. Each node counts with its shortest time, so that what else the machine did drops out. */
  readonly runs?: number | undefined;
}

/** Where the time of a run goes. */
export interface Profile {
  /** From the call to the last result; of several runs the shortest. */
  readonly milliseconds: number;
  /** Longest first. They overlap where TensorFlow runs some side by side. */
  readonly operations: readonly OperationTime[];
}

interface Values extends TensorSpec {
  readonly data: TypedArray;
}

/** What {@link profileGraph} runs on. */
export interface ProfileInputs {
  readonly feeds: readonly Values[];
  readonly state: readonly Values[];
  /** Runs with times. */
  readonly runs: number;
}

/** Runs a traced graph in a session of its own: twice to settle, then with times. */
export async function profileGraph(
  api: CApi,
  graph: TracedGraph,
  config: Uint8Array,
  { feeds, state, runs }: ProfileInputs,
): Promise<Profile> {
  const { builder } = graph;
  const initial = state.map(({ dtype, shape }, i) => {
    const type = typeAttribute('dtype', TF[dtype]);
    const value = builder.output('Placeholder', [], [type, shapeAttribute('shape', shape)], {
      name: `initial_${i}`,
    });
    const inputs = [graph.variables[i]!, value];
    return { value, assign: builder.node('AssignVariableOp', inputs, [type]).operation };
  });
  const session = new GraphSession(api, builder, config);
  try {
    const assign = {
      feeds: initial.map(({ value }) => value),
      targets: initial.map(({ assign }) => assign),
    };
    // A session refuses to run nothing.
    if (state.length > 0) {
      await withTensors(api, state, async (values) => session.run({ ...assign, values }, { timed: false }));
    }
    return await withTensors(api, feeds, async (values) => {
      const run = { feeds: graph.feeds, values, fetches: graph.outputs, targets: graph.assignments };
      for (let i = 0; i < 2; i++) await session.run(run, { timed: false });
      const profiles: Profile[] = [];
      for (let i = 0; i < runs; i++) {
        const start = performance.now();
        const metadata = await session.run(run, { timed: true });
        profiles.push({
          milliseconds: performance.now() - start,
          operations: operationTimes(metadata!),
        });
      }
      return shortest(profiles);
    });
  } finally {
    session.dispose();
  }
}

async function withTensors<T>(
  api: CApi,
  values: readonly Values[],
  f: (tensors: Pointer[]) => Promise<T>,
): Promise<T> {
  const tensors = values.map(({ path, data, shape, dtype }) => nativeTensor(api, path, data, shape, dtype));
  try {
    return await f(tensors);
  } finally {
    for (const tensor of tensors) api.TF_DeleteTensor(tensor);
  }
}

/** The whole number of a field, zero where it is missing. */
function integer(message: ReadMessage, number: number): number {
  return numbersOf(message, number)[0] ?? 0;
}

/** Reads the times out of the bytes of a `RunMetadata`. */
function operationTimes(metadata: Uint8Array): OperationTime[] {
  const times: OperationTime[] = [];
  // RunMetadata.step_stats = 1; StepStats.dev_stats = 1; DeviceStepStats: 1 = device, 2 = node_stats;
  // NodeExecStats: 1 = node_name, 2 = all_start_micros, 3, 4 = op_start/end_rel_micros, 8 = timeline_label.
  for (const step of messagesOf(readMessage(metadata), 1)) {
    for (const device of messagesOf(step, 1)) {
      for (const node of messagesOf(device, 2)) {
        times.push({
          node: textOf(node, 1),
          operation: /= (\w+)\(/.exec(textOf(node, 8))?.[1] ?? '',
          device: textOf(device, 1),
          start: (integer(node, 2) + integer(node, 3)) / 1000,
          milliseconds: (integer(node, 4) - integer(node, 3)) / 1000,
        });
      }
    }
  }
  const first = times.reduce((least, { start }) => Math.min(least, start), Infinity);
  return times.map((time) => ({ ...time, start: time.start - first }));
}

/** Of several runs the shortest time of each node. */
function shortest(profiles: readonly Profile[]): Profile {
  const least = new Map<string, OperationTime>();
  for (const { operations } of profiles) {
    const seen = new Map<string, number>();
    for (const operation of operations) {
      const name = `${operation.device} ${operation.node}`;
      const turn = (seen.get(name) ?? 0) + 1; // on a GPU a node may start several kernels
      seen.set(name, turn);
      const key = `${name} ${turn}`;
      const known = least.get(key);
      if (!known || operation.milliseconds < known.milliseconds) least.set(key, operation);
    }
  }
  return {
    milliseconds: Math.min(...profiles.map(({ milliseconds }) => milliseconds)),
    operations: [...least.values()].sort((a, b) => b.milliseconds - a.milliseconds),
  };
}
