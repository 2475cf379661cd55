import type { HostTensor, DType } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { defaultDType } from './dtype.js';

/** The tree `T` with, in place of each tensor, a tensor or its values. */
export type Feeds<T> = T extends tf.Tensor
  ? tf.Tensor | HostTensor
  : T extends object
    ? { readonly [K in keyof T]: Feeds<T[K]> }
    : T;

/** The tree `T` with a tensor in place of each {@link HostTensor}: what a traced function is called with. */
export type Live<T> = T extends tf.Tensor
  ? T
  : T extends HostTensor
    ? tf.Tensor
    : T extends object
      ? { readonly [K in keyof T]: Live<T[K]> }
      : T;

/** The tree `T` with tensors of whatever static rank; most operations of TensorFlow.js do not tell theirs. */
export type AnyRank<T> = T extends tf.Tensor
  ? tf.Tensor
  : T extends object
    ? { readonly [K in keyof T]: AnyRank<T[K]> }
    : T;

/** The tree `T` with a number in place of each scalar and values in place of each other tensor. */
export type Fetched<T> = T extends tf.Tensor
  ? tf.Tensor extends T
    ? number | Required<HostTensor>
    : T extends tf.Scalar
      ? number
      : Required<HostTensor>
  : T extends object
    ? { [K in keyof T]: Fetched<T[K]> }
    : T;

/** Path, type and shape of a leaf. */
export interface TensorSpec {
  readonly path: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Whether `value` is a tensor of TensorFlow.js. */
export function isTensor(value: unknown): value is tf.Tensor {
  return value instanceof tf.Tensor;
}

/** Whether `value` is a {@link HostTensor}. */
function isHostTensor(value: unknown): value is HostTensor {
  return (
    typeof value === 'object' &&
    value !== null &&
    'data' in value &&
    ArrayBuffer.isView(value.data) &&
    'shape' in value
  );
}

/**
 * `tree` with each leaf replaced; `undefined` and `null` stay. A leaf is a tensor or values with a shape.
 *
 * @throws for anything else, naming its path below `name`.
 */
function mapTree(
  name: string,
  tree: unknown,
  f: (leaf: tf.Tensor | HostTensor, path: string) => unknown,
): unknown {
  const visit = (value: unknown, path: string): unknown => {
    if (value === undefined || value === null) return value;
    if (isTensor(value) || isHostTensor(value)) return f(value, path);
    const below = (key: string): string => (path === '' ? key : `${path}.${key}`);
    if (Array.isArray(value)) return value.map((child, i) => visit(child, below(String(i))));
    if (typeof value === 'object' && !ArrayBuffer.isView(value)) {
      return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, visit(child, below(key))]));
    }
    const kind = ArrayBuffer.isView(value) ? 'a typed array without shape' : `a plain ${typeof value}`;
    throw new Error(
      `${name}.${path} is ${kind}: only tensors vary from run to run, so give a tensor or { data, shape, dtype }.`,
    );
  };
  return visit(tree, '');
}

/** A tree without its tensors: what is needed to take values apart and put them together again. */
export interface Structure {
  /** The tree with the position of each leaf in its place. */
  readonly skeleton: unknown;
  readonly specs: readonly TensorSpec[];
}

/** Leaves of a tree in order, and the structure that they leave behind. */
export function takeApart(
  name: string,
  tree: unknown,
): { structure: Structure; leaves: (tf.Tensor | HostTensor)[] } {
  const leaves: (tf.Tensor | HostTensor)[] = [];
  const specs: TensorSpec[] = [];
  const skeleton = mapTree(name, tree, (leaf, path) => {
    specs.push(specOf(name, leaf, path));
    return leaves.push(leaf) - 1;
  });
  return { structure: { skeleton, specs }, leaves };
}

/** The tree of a {@link Structure} with `values` as its leaves. */
export function putTogether({ skeleton }: Structure, values: readonly unknown[]): unknown {
  const visit = (value: unknown): unknown => {
    if (typeof value === 'number') return values[value];
    if (value === undefined || value === null) return value;
    if (Array.isArray(value)) return value.map(visit);
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, visit(child)]));
  };
  return visit(skeleton);
}

/** Throws unless `actual` has the leaves of `expected`: same paths, types and shapes. */
export function assertSameStructure(
  name: string,
  actual: readonly TensorSpec[],
  expected: readonly TensorSpec[],
): void {
  const found = new Map(actual.map((spec) => [spec.path, spec]));
  for (const { path, dtype, shape } of expected) {
    const spec = found.get(path);
    if (!spec) throw new Error(`${name}.${path} is missing.`);
    if (spec.dtype !== dtype || spec.shape.join() !== shape.join()) {
      throw new Error(
        `${name}.${path} is ${spec.dtype} [${spec.shape.join()}] where ${dtype} [${shape.join()}] is expected.`,
      );
    }
    found.delete(path);
  }
  for (const path of found.keys()) throw new Error(`${name}.${path} is not expected.`);
}

function specOf(name: string, leaf: tf.Tensor | HostTensor, path: string): TensorSpec {
  const dtype = isTensor(leaf) ? leaf.dtype : (leaf.dtype ?? defaultDType(leaf.data));
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool' && dtype !== 'uint8') {
    throw new Error(
      `${name}.${path} is ${dtype ?? 'of an unknown type'}: use float32, int32, bool or uint8.`,
    );
  }
  return { path, dtype, shape: [...leaf.shape] };
}
