import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { flattenTree, type TensorTree } from '@toco/core';
import { makeFolder, UserError, writeWhole } from '@toco/files';
import { compileFunction } from '../compile.js';
import type { Feeds } from '../tree.js';
import { anyBatch, type AnyBatchGraph } from './any-batch.js';
import { writeOnnxModel } from './onnx-model.js';
import { freezeGraph, type FrozenGraph } from './freeze-graph.js';
import type { Constant } from './graph-def.js';
import { writeGraphModel } from './graph-model.js';
import { writeSavedModel } from './saved-model.js';

/** Forms in which a function leaves: a TensorFlow SavedModel, or a graph model of TensorFlow.js. */
export type ExportFormat = 'savedmodel' | 'tfjs';

/** Options of {@link exportFunction}. */
export interface ExportOptions {
  readonly format: ExportFormat;
  /** Folder that is written to; it must be new or empty. */
  readonly out: string;
  /** Names of the labels that the function gives, which are written to `classes.json` beside it. */
  readonly labels?: readonly string[] | undefined;
  /** For `tfjs`: stores weights in half precision, for half the bytes; they are computed with in float32 all the same. */
  readonly half?: boolean | undefined;
}

/**
 * Writes a function of parameters and inputs for use without this package, for inputs of the example's shapes. The
 * parameters are inside as constants.
 *
 * @throws one line: a file or a folder that is not empty, more than 2 GB as SavedModel
 * @example
 * await exportFunction(forward, { params, inputs: { images } }, { format: 'tfjs', out: 'web/model' });
 */
export async function exportFunction<P extends TensorTree, I, O>(
  f: (params: P, inputs: I) => O,
  example: { readonly params: P; readonly inputs: I | Feeds<I> },
  { format, out, labels, half }: ExportOptions,
): Promise<FrozenGraph> {
  await assertNew(out);
  const graph = await frozenGraph(f, example);
  await makeFolder(out);
  if (format === 'tfjs') await writeGraphModel(out, graph, { classes: labels, half });
  else await writeSavedModel(out, graph);
  await writeLabels(out, labels);
  return graph;
}

/**
 * Writes a function of parameters and inputs as `model.onnx`, for any number of images: it is traced for two and for three of
 * them. The parameters are inside as constants.
 *
 * @param example inputs of two images, and of three
 * @throws one line: a file or a folder that is not empty, more than 2 GB, an operation that the export does not know
 * @example
 * await exportToOnnx(forward, { params, two: { images }, three: { images: more } }, { out: 'onnx' });
 */
export async function exportToOnnx<P extends TensorTree, I, O>(
  f: (params: P, inputs: I) => O,
  { params, two, three }: { readonly params: P; readonly two: I | Feeds<I>; readonly three: I | Feeds<I> },
  { out, labels }: Omit<ExportOptions, 'format' | 'half'>,
): Promise<AnyBatchGraph> {
  await assertNew(out);
  const options = { anyBatch: true };
  const graph = anyBatch(
    await frozenGraph(f, { params, inputs: two }, options),
    await frozenGraph(f, { params, inputs: three }, options),
  );
  await makeFolder(out);
  await writeOnnxModel(join(out, 'model.onnx'), graph, labels && { classes: JSON.stringify(labels) });
  await writeLabels(out, labels);
  return graph;
}

async function assertNew(out: string): Promise<void> {
  const there = statSync(out, { throwIfNoEntry: false });
  if (there?.isDirectory() === false) throw new UserError(`${out}: is a file; choose a new folder.`);
  if (there && (await readdir(out)).length > 0)
    throw new UserError(`${out}: is not empty; choose a new folder.`);
}

async function writeLabels(out: string, labels: readonly string[] | undefined): Promise<void> {
  if (!labels) return;
  const text = `${JSON.stringify(labels, null, 2)}\n`;
  await writeWhole(join(out, 'classes.json'), [new TextEncoder().encode(text)]);
}

async function frozenGraph<P extends TensorTree, I, O>(
  f: (params: P, inputs: I) => O,
  example: { readonly params: P; readonly inputs: I | Feeds<I> },
  { anyBatch = false } = {},
): Promise<FrozenGraph> {
  const compiled = await compileFunction(f, example, {
    maxConstantBytes: Number.POSITIVE_INFINITY,
    plain: anyBatch ? 'anyBatch' : true,
  });
  try {
    return freezeGraph(compiled.graphDef(), await constants(example.params));
  } finally {
    compiled.dispose();
  }
}

async function constants(params: TensorTree): Promise<Map<string, Constant>> {
  const values = new Map<string, Constant>();
  for (const [path, tensor] of flattenTree(params)) {
    const { buffer, byteOffset, byteLength } = (await tensor.data()) as Float32Array;
    const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
    values.set(path, { dtype: 'float32', shape: tensor.shape, bytes });
  }
  return values;
}
