import * as tf from '@tensorflow/tfjs-core';
import { flattenTree, mapTree, type TensorTree } from '@toco/core';
import type { FloatArray, StoredArray } from '@toco/core';
import { tidied } from '@toco/core';
import { defaultLayout, fromStored, storedShape, toStored, type Layout } from './layout.js';

/** What became of the arrays of a checkpoint; names as in the checkpoint. */
export interface ImportReport {
  /** Arrays that were taken. */
  readonly matched: readonly string[];
  /** Parameters that the checkpoint has not; they keep their values. */
  readonly missing: readonly string[];
  /** Arrays that no parameter asks for. */
  readonly leftOver: readonly string[];
  /** Those of `matched` that had another shape and were adapted. */
  readonly resized: readonly string[];
}

/** How a tree of parameters corresponds to a checkpoint. */
export interface ArrayMapping {
  /** What stands before every path in the checkpoint, such as `encoder.`; nothing by default. */
  readonly prefix?: string;
  /** Layout of the parameter at a path with a shape in memory; by default four axes are a convolution filter. */
  readonly layout?: (path: string, shape: readonly number[]) => Layout;
}

/** Makes a stored tensor (layout of memory) fit a shape, or gives up with `undefined`. */
export type Adapt = (path: string, stored: tf.Tensor, shape: readonly number[]) => tf.Tensor | undefined;

/**
 * New parameters with the values of a checkpoint's arrays where they match by name, and copies of the old ones elsewhere.
 * Neither `params` nor `arrays` are changed or disposed.
 *
 * @throws when no name matches, a shape doesn't fit, or an array holds no floating-point numbers; the message names the array
 */
export function importArrays<P extends TensorTree>(
  params: P,
  arrays: Readonly<Record<string, StoredArray>>,
  { prefix = '', layout = defaultLayout, adapt }: ArrayMapping & { readonly adapt?: Adapt | undefined } = {},
): { params: P; report: ImportReport } {
  refuseDistilled(
    arrays,
    [...flattenTree(params).keys()].map((path) => prefix + path),
  );
  const matched: string[] = [];
  const missing: string[] = [];
  const resized: string[] = [];
  const importOne = (parameter: tf.Tensor, path: string): tf.Tensor => {
    const name = prefix + path;
    const array = Object.hasOwn(arrays, name) ? arrays[name] : undefined;
    (array ? matched : missing).push(name);
    if (!array) return tf.clone(parameter);
    const rule = layout(path, parameter.shape);
    const expected = storedShape(rule, parameter.shape);
    const stored = fromStored(rule, storedTensor(name, array, expected));
    if (String(stored.shape) === String(parameter.shape)) return stored;
    resized.push(name);
    const adapted = adapt?.(path, stored, parameter.shape);
    if (!adapted) throw shapeError(name, array, expected);
    return adapted;
  };
  const imported = tidied(() => {
    const result = mapTree(params, importOne);
    if (matched.length === 0) throw nothingMatches(missing, arrays);
    return result;
  });
  const taken = new Set(matched);
  const leftOver = Object.keys(arrays).filter((name) => !taken.has(name));
  return { params: imported, report: { matched, missing, leftOver, resized } };
}

/**
 * The arrays of a checkpoint with the values of parameters: inverse of {@link importArrays}.
 *
 * @returns float32 arrays in PyTorch's layouts by name
 */
export async function exportArrays(
  params: TensorTree,
  { prefix = '', layout = defaultLayout }: ArrayMapping = {},
): Promise<Record<string, FloatArray>> {
  const arrays: Record<string, FloatArray> = {};
  for (const [path, parameter] of flattenTree(params)) {
    const stored = toStored(layout(path, parameter.shape), parameter);
    const data = (await stored.data()) as Float32Array;
    arrays[prefix + path] = { dtype: 'float32', shape: stored.shape, data };
    stored.dispose();
  }
  return arrays;
}

/** A token that the others attend to can't be left away: what remains would be another network than was trained. */
function refuseDistilled(arrays: Readonly<Record<string, StoredArray>>, wanted: readonly string[]): void {
  const token = Object.keys(arrays).find((name) => /(?:^|\.)dist_token$/.test(name));
  if (token === undefined || wanted.includes(token)) return;
  throw new Error(
    `${token}: the weights are of a distilled model, whose patches attend to a second token that this network has not; take those of the model without distillation, such as hf:timm/deit_tiny_patch16_224.fb_in1k`,
  );
}

function storedTensor(name: string, array: StoredArray, shape: readonly number[]): tf.Tensor {
  if (!(array.data instanceof Float32Array || array.data instanceof Float64Array)) {
    throw new Error(`${name}: holds ${array.dtype} values, parameters are floating-point numbers`);
  }
  if (array.shape.length !== shape.length) throw shapeError(name, array, shape);
  const data = array.data instanceof Float32Array ? array.data : Float32Array.from(array.data);
  return tf.tensor(data, [...array.shape], 'float32');
}

function nothingMatches(wanted: readonly string[], arrays: Readonly<Record<string, StoredArray>>): Error {
  const [first = 'nothing'] = Object.keys(arrays);
  return new Error(
    `checkpoint: no name matches; it holds '${first}' …, expected is '${wanted[0]}' …; give the prefix or the right file`,
  );
}

function shapeError(name: string, array: StoredArray, shape: readonly number[]): Error {
  return new Error(
    `${name}: has shape [${array.shape.join()}] in the checkpoint, [${shape.join()}] in the network; choose the matching variant`,
  );
}
