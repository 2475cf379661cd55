import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vit } from '@toco/backbone';
import { mapTree, type TensorTree } from '@toco/core';
import { createNetwork, type Network, type NetworkParams } from '@toco/network';
import { randomTensor } from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';
import type { io } from '@tensorflow/tfjs-core';

/** Side of the images of the tests; positions of 2×2 patches are resized to 4×4. */
export const size = 32;

/** A small network whose tokens, classes and widths all differ. */
export function smallNetwork({ decoderDim = 8 } = {}): Network {
  const backbone = vit({ name: 'small', imageSize: 16, patchSize: 8, dim: 12, depth: 3, heads: 3 });
  return createNetwork({
    backbone,
    numClasses: 3,
    decoderDim,
    projection: { hidden: 8, bottleneck: 4, out: 8 },
  }) as unknown as Network;
}

/** Parameters whose logits differ from pixel to pixel far more than rounding does. */
export function spread(network: Network): NetworkParams {
  const { params } = network.init(7);
  const decoder = mapTree(params.decoder as unknown as TensorTree, (weight) => tf.mul(weight, 4));
  return { ...params, decoder } as unknown as NetworkParams;
}

/** Images with values 0…255. */
export function pictures(batch: number): tf.Tensor4D {
  return randomTensor([batch, size, size, 3], 3, { low: 0, high: 255 }) as tf.Tensor4D;
}

/** Reads a graph model's folder, as a browser would by its address. */
export function fromFolder(folder: string): io.IOHandler {
  return {
    load: () => {
      const model = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as io.ModelJSON;
      const { paths, weights } = model.weightsManifest[0]!;
      const bytes = Buffer.concat(paths.map((path) => readFileSync(join(folder, path))));
      return Promise.resolve({
        modelTopology: model.modelTopology,
        weightSpecs: weights,
        weightData: Uint8Array.from(bytes).buffer,
        signature: model.signature!,
      });
    },
  };
}
