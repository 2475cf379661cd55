import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { flattenTree, type TensorTree } from '@toco/core';
import { compileFunction, type CompiledFunction } from '@toco/graph';
import { writeWhole } from '@toco/formats';
import type { Network, NetworkParams } from '@toco/network';
import { freezeGraph, type FrozenGraph } from './freeze-graph.js';
import { writeGraphModel } from './graph-model.js';
import type { Constant } from './graph-def.js';
import { inferenceForward, type InferenceInputs, type InferenceOutputs } from './inference-forward.js';
import { writeSavedModel } from './saved-model.js';

/** Forms in which a network leaves: a TensorFlow SavedModel, or a graph model of TensorFlow.js. */
export type ExportFormat = 'savedmodel' | 'tfjs';

/** Options of {@link exportNetwork}. */
export interface ExportOptions {
  readonly format: ExportFormat;
  /** Side `S` of the images in pixels; the exported graph takes this size only. */
  readonly size: number;
  /** Number of images `B` that go in at once. */
  readonly batch?: number;
  /** Names of the foreground classes, which the model then comes with. */
  readonly classes?: readonly string[] | undefined;
  /** Folder that is written to; it must be new or empty. */
  readonly out: string;
}

/**
 * Writes a network for use without this package: images `[B,S,S,3]` with values 0…255 in, segmentation `logits [B,S,S,K]`,
 * `labels [B,S,S]` and class `scores [B,C]` out (see {@link InferenceOutputs}). The weights are inside as constants; the
 * names of the classes, in the order of the labels and background first, are in `classes.json` beside it.
 *
 * @throws one line: a folder that is not empty, a size below one patch, more than 2 GB as SavedModel
 * @example
 * ```ts
 * const { params } = readModel('runs/toco/checkpoints/iteration-020000', network);
 * await exportNetwork(network, params, { format: 'tfjs', size: 448, classes, out: 'web/model' });
 * ```
 */
export async function exportNetwork<P extends TensorTree>(
  network: Network<P>,
  params: NetworkParams<P>,
  { format, size, batch = 1, out, classes }: ExportOptions,
): Promise<FrozenGraph> {
  if (existsSync(out) && (await readdir(out)).length > 0) {
    throw new Error(`${out}: is not empty; choose a new folder.`);
  }
  const graph = await inferenceGraph(network, params, [batch, size, size, 3]);
  const names = classes && ['background', ...classes];
  if (format === 'tfjs') await writeGraphModel(out, graph, { classes: names });
  else await writeSavedModel(out, graph);
  if (names) {
    const text = `${JSON.stringify(names, null, 2)}\n`;
    await writeWhole(join(out, 'classes.json'), [new TextEncoder().encode(text)]);
  }
  return graph;
}

type Compiled<P extends TensorTree> = CompiledFunction<
  NetworkParams<P>,
  InferenceInputs,
  InferenceOutputs,
  undefined
>;

async function inferenceGraph<P extends TensorTree>(
  network: Network<P>,
  { encoder, classifier, aux_classifier, decoder }: NetworkParams<P>,
  shape: readonly number[],
): Promise<FrozenGraph> {
  // The projection head serves training only.
  const params = { encoder, classifier, aux_classifier, decoder };
  const images = { data: new Float32Array(shape.reduce((a, b) => a * b)), shape };
  // The types can't walk through the tree of an unknown backbone.
  const compile = compileFunction as unknown as (
    f: ReturnType<typeof inferenceForward<P>>,
    example: object,
    options: object,
  ) => Promise<Compiled<P>>;
  const options = { maxConstantBytes: Number.POSITIVE_INFINITY };
  const compiled = await compile(inferenceForward(network), { params, inputs: { images } }, options);
  try {
    return freezeGraph(compiled.graphDef(), await constants(params));
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
