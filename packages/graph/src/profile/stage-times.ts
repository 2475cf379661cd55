import type { OperationTime } from '../profile.js';

/** Time of one kind of operation within a stage. */
export interface KindTime {
  /** TensorFlow's name of the operation, `fused (XLA)` for pieces that XLA compiled. */
  readonly kind: string;
  /** Nodes of the kind. */
  readonly count: number;
  readonly milliseconds: number;
}

/** Time of one stage of an iteration, summed over its kernels. */
export interface StageTime {
  readonly stage: string;
  readonly milliseconds: number;
  /** Of all stages, 0…1. */
  readonly share: number;
  /** Longest first. */
  readonly kinds: readonly KindTime[];
}

/** Stage of nodes that were traced outside of all: reading and writing the state, the schedule, sums for metrics. */
const elsewhere = 'other';

// TensorFlow files what it rewrites under names of its own, and constants that it computes ahead under the node's name.
const noScope = /^(\w*Optimizer|ConstantFolding|Remapper|\w+_\d+)$/;

/** Stage of a node: the innermost scope that its name was traced in. */
function stageOf(node: string): string {
  const scopes = node.split('/').slice(0, -1);
  return scopes.findLast((scope) => !noScope.test(scope)) ?? elsewhere;
}

// `_MklNativeConv2D` is oneDNN's kernel for Conv2D.
function kindOf({ operation }: Pick<OperationTime, 'operation'>): string {
  const kind = operation.replace(/^_?(Mkl(Native)?)?/, '');
  if (/^fused_[0-9a-f]{32}$/.test(kind)) return 'fused (XLA)';
  return kind === '' ? elsewhere : kind;
}

/**
 * Sums the times of operations by stage and by kind, longest first. Stages are the scopes that the step was traced in
 * (`main`, `cams`, …, the names of the loss terms, `backward`, `optimizer`).
 *
 * @example
 * const { operations } = await compiled.profile(batch, phase, { runs: 5 });
 * for (const { stage, milliseconds } of stageTimes(operations)) console.log(stage, milliseconds);
 */
export function stageTimes(
  operations: readonly Pick<OperationTime, 'node' | 'operation' | 'milliseconds'>[],
): StageTime[] {
  const stages = grouped(operations, ({ node }) => stageOf(node));
  const total = sum(operations);
  return [...stages]
    .map(([stage, inStage]) => ({
      stage,
      milliseconds: sum(inStage),
      share: sum(inStage) / total,
      kinds: [...grouped(inStage, kindOf)]
        .map(([kind, nodes]) => ({ kind, count: nodes.length, milliseconds: sum(nodes) }))
        .sort(longestFirst),
    }))
    .sort(longestFirst);
}

function grouped<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}

interface Timed {
  readonly milliseconds: number;
}

function sum(times: readonly Timed[]): number {
  return times.reduce((total, { milliseconds }) => total + milliseconds, 0);
}

function longestFirst(a: Timed, b: Timed): number {
  return b.milliseconds - a.milliseconds;
}
