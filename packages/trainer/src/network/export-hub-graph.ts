import { type HostTensor, type TensorTree, tidied } from '@toco/core';
import { exportToOnnx } from '@toco/graph';
import type { Network, NetworkParams } from '@toco/network';
import type { UsedParams } from '@toco/segmenter';
import * as tf from '@tensorflow/tfjs-core';
import type { ExportedNetwork } from './export-network.js';

/** What a hub's libraries give to a network. */
export interface HubInputs {
  /** `[B,3,S,S]`, normalized. */
  readonly pixel_values: tf.Tensor4D;
}

/** What they expect of one that segments. */
export interface HubOutputs {
  /** `[B,K,h,w]` segmentation logits on the token grid, background first. */
  readonly logits: tf.Tensor4D;
  /** `[B,C]`: how probable it is that the image shows a class, without background. */
  readonly scores: tf.Tensor2D;
}

/** The network with the names and layouts that a hub's libraries have. */
export function hubForward(
  network: Network,
): (params: UsedParams<TensorTree>, inputs: HubInputs) => HubOutputs {
  return (params, { pixel_values }) =>
    tidied(() => {
      const output = network.forward(params as NetworkParams, tf.transpose(pixel_values, [0, 2, 3, 1]));
      return {
        logits: tf.transpose(network.segment(params as NetworkParams, output), [0, 3, 1, 2]),
        scores: tf.sigmoid(output.clsLogits),
      };
    });
}

/**
 * Writes `model.onnx` with the names and layouts that a hub's libraries have: normalized `pixel_values [B,3,S,S]` in, `logits [B,K,h,w]` and
 * `scores [B,C]` out, for any number `B` of images.
 *
 * @throws one line: a folder that is not empty, more than 2 GB
 */
export function exportHubGraph(
  network: Network,
  params: NetworkParams,
  { size, out }: { readonly size: number; readonly out: string },
): Promise<ExportedNetwork> {
  // A network of one's own may have further parts; the projection head serves training only.
  const { proj_head: _, ...used } = params;
  const inputs = (count: number): { pixel_values: Required<Pick<HostTensor, 'data' | 'shape'>> } => ({
    pixel_values: { data: new Float32Array(count * 3 * size * size), shape: [count, 3, size, size] },
  });
  return exportToOnnx(hubForward(network), { params: used, two: inputs(2), three: inputs(3) }, { out });
}
