import type { HostTensor } from '@toco/core';
import type { Network, NetworkParams } from '@toco/network';
import {
  type AnyBatchPort,
  type ExportFormat,
  exportFunction,
  type ExportOptions,
  exportToOnnx,
  type FrozenGraph,
} from '@toco/graph';
import { inferenceForward, type InferenceOutput } from '@toco/segmenter';

/** Options of {@link exportNetwork}. */
export interface ExportNetworkOptions extends Omit<ExportOptions, 'labels' | 'format'> {
  readonly format: ExportFormat | 'onnx';
  /** Side `S` of the images in pixels; the exported graph takes this size only. */
  readonly size: number;
  /** Number of images `B` that go in at once; `onnx` takes any. */
  readonly batch?: number | undefined;
  /** What the graph gives; default: logits, labels and scores. */
  readonly outputs?: readonly InferenceOutput[] | undefined;
  /** Names of the foreground classes, which the model then comes with. */
  readonly classes?: readonly string[] | undefined;
}

/** What was exported: what goes in, what comes out, and the operations between. */
export interface ExportedNetwork extends Pick<FrozenGraph, 'nodes'> {
  readonly inputs: readonly AnyBatchPort[];
  readonly outputs: readonly AnyBatchPort[];
}

/**
 * Writes a network for use without this package: images `[B,S,S,3]` with values 0…255 in, segmentation `logits [B,S,S,K]`,
 * `labels [B,S,S]` and class `scores [B,C]` out, or what else is chosen (see `InferenceOutputs` of `@toco/segmenter`). The weights are inside as constants; the
 * names of the classes, in the order of the labels and background first, are in `classes.json` beside it.
 *
 * @throws one line: a folder that is not empty, a size below one patch, more than 2 GB as SavedModel
 * @example
 * ```ts
 * const { params } = readModel('runs/toco/checkpoints/iteration-020000', network);
 * await exportNetwork(network, params, { format: 'tfjs', size: 448, classes, out: 'web/model' });
 * ```
 */
export async function exportNetwork(
  network: Network,
  params: NetworkParams,
  { format, size, batch = 1, out, classes, outputs, half }: ExportNetworkOptions,
): Promise<ExportedNetwork> {
  // A network of one's own may have further parts; the projection head serves training only.
  const { proj_head: _, ...used } = params;
  const labels = classes && ['background', ...classes];
  const forward = inferenceForward(network, outputs);
  const inputs = (count: number): { images: Required<Pick<HostTensor, 'data' | 'shape'>> } => {
    const shape = [count, size, size, 3];
    return { images: { data: new Float32Array(shape.reduce((a, b) => a * b)), shape } };
  };
  return format === 'onnx'
    ? exportToOnnx(forward, { params: used, two: inputs(2), three: inputs(3) }, { out, labels })
    : exportFunction(forward, { params: used, inputs: inputs(batch) }, { format, out, labels, half });
}
