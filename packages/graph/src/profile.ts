import { integer, messages, readFields, text } from './protobuf.js';

/** Time that one node took in one run. */
export interface OperationTime {
  /** Name of the node; begins with the name of the `scope` it was traced in. */
  readonly node: string;
  /** TensorFlow operation, where its name tells. */
  readonly operation: string;
  /** Device that ran it. */
  readonly device: string;
  /** When it began, in microseconds since the first one. */
  readonly start: number;
  /** Time in its kernel, in microseconds. */
  readonly microseconds: number;
}

/** Reads the times out of the bytes of a `RunMetadata`, longest first. */
export function operationTimes(metadata: Uint8Array): OperationTime[] {
  const times: (OperationTime & { begin: number })[] = [];
  // RunMetadata.step_stats = 1; StepStats.dev_stats = 1; DeviceStepStats: 1 = device, 2 = node_stats;
  // NodeExecStats: 1 = node_name, 2 = all_start_micros, 3/4 = op_start/end_rel_micros, 8 = timeline_label.
  for (const step of messages(readFields(metadata), 1)) {
    for (const device of messages(step, 1)) {
      for (const node of messages(device, 2)) {
        times.push({
          node: text(node, 1),
          operation: text(node, 1).split('/').at(-1)!.replace(/_\d+$/, ''),
          device: text(device, 1),
          begin: integer(node, 2),
          start: 0,
          microseconds: integer(node, 4) - integer(node, 3),
        });
      }
    }
  }
  const first = Math.min(...times.map(({ begin }) => begin));
  return times
    .map(({ begin, ...time }) => ({ ...time, start: begin - first }))
    .sort((a, b) => b.microseconds - a.microseconds);
}
