import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { type Attribute, AttributeType, stringAttribute, typeAttribute } from './attribute.js';
import { nodeBackend } from './backend.js';
import type { Output } from './capi.js';
import { sizeOf, TF } from './dtype.js';
import type { GraphBuilder } from './graph-builder.js';
import { reductionKindOf, ringOperations } from './ring.js';
import { currentTrace, type Trace } from './trace.js';

/** What {@link allReduce} makes of the tensors of all processes. */
export interface AllReduceOptions {
  /** `mean` (of float32 only), `sum` or `max`, element by element; default: `mean`. */
  readonly merge?: 'mean' | 'sum' | 'max' | undefined;
  /** Tensors of one type are sent together until they have so many bytes, Infinity: all at once; default: 4 MiB. */
  readonly bucketBytes?: number | undefined;
}

// merge_op and final_op of the operation
const operations = { mean: ['Add', 'Div'], sum: ['Add', 'Id'], max: ['Max', 'Id'] } as const;

type Merge = keyof typeof operations;

/** DISTRIBUTED 4: smaller ones cost calls, larger ones leave nothing to overlap. */
const defaultBucketBytes = 4 * 2 ** 20;

/** All processes are one group. */
const groupKey = 1;

/**
 * Mean, sum or maximum over all processes of a cluster of each tensor, as part of a compiled step: `compile(…, { cluster })`. The
 * result is bit-identical in all processes. Elsewhere (one process, no cluster, not compiled) it gives the tensors themselves.
 *
 * All processes must reduce the same shapes and types in the same order, from the first call to the last; what else their
 * steps compute, and with which shapes, may differ. The state is assigned after all of the step's reductions. Buckets are
 * filled from the last tensor to the first, the order in which a backward pass gives gradients, so that sending begins early.
 *
 * Between CPUs the kernels of `@toco/runtime` do the work: a ring over TCP. Between GPUs, and without those kernels, it is
 * TensorFlow's own collectives (`CollectiveReduceV2`): NCCL, or a ring over gRPC.
 *
 * @param tensors float32 or int32, of any shapes
 * @throws TraceError under a gradient, within a fused function, for other types
 * @example
 * const step = (state, batch) => {
 *   const { loss, grads } = lossAndGradients(state.params, batch);
 *   return { state: update(state, allReduce(grads)), metrics: allReduce({ loss }) };
 * };
 * const compiled = await compile(step, { state, batch }, { cluster: { addresses: ['a:2222', 'b:2222'], rank: 0 } });
 */
export function allReduce<T extends Readonly<Record<string, tf.Tensor>>>(
  tensors: T,
  { merge = 'mean', bucketBytes = defaultBucketBytes }: AllReduceOptions = {},
): T {
  const trace = currentTrace();
  if (!trace?.cluster || trace.cluster.addresses.length === 1) return { ...tensors };
  assertReducible(trace, tensors, merge);
  const reduceBucket = reductionKindOf(trace.builder) === 'ring' ? reduceInRing : reduceFlat;
  const result: Record<string, tf.Tensor> = {};
  for (const bucket of bucketsOf(Object.entries(tensors).reverse(), bucketBytes)) {
    const outputs = bucket.map(([, tensor]) => trace.output(tensor));
    reduceBucket(trace, outputs, merge).forEach((output, i) => {
      result[bucket[i]![0]] = trace.tensor(output, 'allReduce');
    });
  }
  // in the order of the tensors, by their paths: what the type says
  return Object.fromEntries(Object.keys(tensors).map((path) => [path, result[path]!])) as T;
}

function assertReducible(trace: Trace, tensors: Readonly<Record<string, tf.Tensor>>, merge: Merge): void {
  if (trace.isNested) trace.fail('A reduction over processes lies within a fused function', 'take it out');
  if (tf.engine().isTapeOn())
    trace.fail('A reduction over processes lies under a gradient', 'reduce the gradients instead');
  for (const [path, { dtype }] of Object.entries(tensors)) {
    const known = merge === 'mean' ? dtype === 'float32' : dtype === 'float32' || dtype === 'int32';
    if (!known)
      trace.fail(`allReduce can't take the ${merge} of ${path}, which is ${dtype}`, 'cast it first');
  }
}

type Entry = readonly [string, tf.Tensor];

/** Consecutive tensors of one type, together until they are large enough. */
function bucketsOf(entries: readonly Entry[], bucketBytes: number): Entry[][] {
  const buckets = new Map<string, { readonly entries: Entry[]; bytes: number }>();
  const all: Entry[][] = [];
  for (const entry of entries) {
    const { dtype, size } = entry[1];
    let open = buckets.get(dtype);
    if (open === undefined || open.bytes + 4 * size > bucketBytes) {
      open = { entries: [], bytes: 0 };
      buckets.set(dtype, open);
      all.push(open.entries);
    }
    open.entries.push(entry);
    open.bytes += 4 * size;
  }
  return all;
}

function reduceInRing(trace: Trace, outputs: readonly Output[], merge: Merge): readonly Output[] {
  const { builder, reductions } = trace;
  // All agree on its turn in the step; what is reduced, the processes compare themselves.
  const turn = reductions.size;
  const { operation, outputs: reduced } = builder.node(ringOperations.reduce, outputs, [
    typeAttribute('T', builder.info(outputs[0]!).dtype),
    { name: 'N', type: AttributeType.int, value: outputs.length },
    stringAttribute('merge', merge),
    { name: 'key', type: AttributeType.int, value: turn },
  ]);
  reductions.set(turn, operation);
  return reduced;
}

function reduceFlat(trace: Trace, outputs: readonly Output[], merge: Merge): readonly Output[] {
  return unpacked(trace.builder, reduce(trace, packed(trace.builder, outputs), merge), outputs);
}

function reduce(trace: Trace, flat: Output, merge: Merge): Output {
  const { builder, reductions } = trace;
  const [mergeOp, finalOp] = operations[merge];
  const key = instanceKey(trace, flat, merge);
  const constant = (value: number): Output => builder.constant(Int32Array.of(value), [], TF.int32);
  const reduced = builder.output(
    'CollectiveReduceV2',
    [flat, constant(trace.cluster!.addresses.length), constant(groupKey), constant(key)],
    [
      typeAttribute('T', builder.info(flat).dtype),
      stringAttribute('merge_op', mergeOp),
      stringAttribute('final_op', finalOp),
      // The only word that makes GPUs use NCCL; CPUs know the ring alone and take that.
      stringAttribute('communication_hint', 'nccl'),
      // Never more than 0 here: TensorFlow lets two threads sleep so long for every reduction.
      { name: 'timeout_seconds', type: AttributeType.float, value: 0 },
    ],
    // NCCL needs one order in all processes; the ring needs none and is slower by it.
    { after: nodeBackend().isUsingGpuDevice ? [...reductions.values()].slice(-1) : [] },
  );
  reductions.set(key, reduced.oper);
  return reduced;
}

/**
 * What the processes know a reduction by. TensorFlow remembers its shape for ever, and processes trace different functions at different
 * times: so it follows from what is reduced and its turn in the step, on which all agree.
 */
function instanceKey(trace: Trace, flat: Output, merge: string): number {
  const { dtype, shape } = trace.builder.info(flat);
  const words = [dtype, shape!.join(), merge, trace.reductions.size].join('|');
  const key = createHash('sha256').update(words).digest().readUInt32LE() >>> 1;
  if (trace.reductions.has(key)) trace.fail('Two reductions have one key', 'choose other bucketBytes');
  return key;
}

const ints = (builder: GraphBuilder, values: readonly number[]): Output =>
  builder.constant(Int32Array.from(values), [values.length], TF.int32);

const shaped: Attribute = typeAttribute('Tshape', TF.int32);

/** All elements one after the other. */
function packed(builder: GraphBuilder, outputs: readonly Output[]): Output {
  const T = typeAttribute('T', builder.info(outputs[0]!).dtype);
  const rows = outputs.map((output) => builder.output('Reshape', [output, ints(builder, [-1])], [T, shaped]));
  if (rows.length === 1) return rows[0]!;
  const axis = builder.constant(Int32Array.of(0), [], TF.int32);
  const count: Attribute = { name: 'N', type: AttributeType.int, value: rows.length };
  return builder.output('ConcatV2', [...rows, axis], [count, T, typeAttribute('Tidx', TF.int32)]);
}

/** The pieces of what {@link packed} gave. */
function unpacked(builder: GraphBuilder, flat: Output, like: readonly Output[]): Output[] {
  const T = typeAttribute('T', builder.info(flat).dtype);
  const shapes = like.map((output) => builder.info(output).shape!);
  const axis = builder.constant(Int32Array.of(0), [], TF.int32);
  const count: Attribute = { name: 'num_split', type: AttributeType.int, value: like.length };
  const split = (): readonly Output[] =>
    builder.node(
      'SplitV',
      [flat, ints(builder, shapes.map(sizeOf)), axis],
      [count, T, typeAttribute('Tlen', TF.int32)],
    ).outputs;
  const pieces = like.length === 1 ? [flat] : split();
  return pieces.map((piece, i) => builder.output('Reshape', [piece, ints(builder, shapes[i]!)], [T, shaped]));
}
