import type { Network, NetworkParams } from '@toco/network';
import { inferenceForward, type InferenceOutput } from '@toco/segmenter';
import * as tf from '@tensorflow/tfjs-core';
import { hubForward } from './export-hub-graph.js';

/** Which graph is compared. */
export interface OnnxDifferenceOptions {
  /** The `model.onnx` that was written. */
  readonly file: string;
  /** Side of its images. */
  readonly size: number;
  /** What it gives; default: it is one for a hub. */
  readonly outputs?: readonly InferenceOutput[] | undefined;
}

/**
 * The largest difference between what ONNX Runtime and the network itself give for two images of waves, labels aside: those of a pixel
 * between two classes may be either.
 *
 * @returns undefined where `onnxruntime-node` is not installed
 */
export async function onnxDifference(
  network: Network,
  params: NetworkParams,
  { file, size, outputs }: OnnxDifferenceOptions,
): Promise<number | undefined> {
  const runtime = await import('onnxruntime-node').catch(() => undefined);
  if (runtime === undefined) return undefined;
  const images = waves([2, size, size, 3]);
  const pixel_values = tf.transpose(tf.div(tf.sub(images, 127), 60), [0, 3, 1, 2]) as tf.Tensor4D;
  const forHub = outputs === undefined;
  const own: tf.NamedTensorMap = forHub
    ? { ...hubForward(network)(params, { pixel_values }) }
    : { ...inferenceForward(network, outputs)(params, { images }) };
  const session = await runtime.InferenceSession.create(file);
  try {
    const input = forHub ? pixel_values : images;
    const given = new runtime.Tensor('float32', Float32Array.from(await input.data()), input.shape);
    const found = await session.run(forHub ? { pixel_values: given } : { images: given });
    let largest = 0;
    for (const [output, tensor] of Object.entries(own)) {
      if (tensor.dtype !== 'float32') continue;
      const values = found[output]!.data as Float32Array;
      (await tensor.data()).forEach((value, i) => {
        largest = Math.max(largest, Math.abs(value - values[i]!));
      });
    }
    return largest;
  } finally {
    tf.dispose([images, pixel_values, own]);
    await session.release();
  }
}

/** Images of levels 27…227 that vary from pixel to pixel. */
function waves(shape: [number, number, number, number]): tf.Tensor4D {
  const count = shape.reduce((product, side) => product * side, 1);
  const level = (i: number): number => 127 + 100 * Math.sin(i * 0.37) * Math.cos(i / 1001);
  return tf.tensor4d(
    Float32Array.from({ length: count }, (_, i) => level(i)),
    shape,
  );
}
