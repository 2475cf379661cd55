// Trains Token Contrast on drawn scenes, step by step, and tells the page of it.
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import { vit } from '@toco/backbone';
import { disposeTree } from '@toco/core';
import { randomPurpose, randomStream } from '@toco/datasets/views';
import {
  type Batch,
  initTrainState,
  type LossTerm,
  lossTerms,
  phaseAt,
  stepConfig,
  trainStep,
} from '@toco/method';
import { createNetwork } from '@toco/network';
import { inferenceForward, resizePlanes } from '@toco/segmenter';
import { readyBackend } from './backend.js';
import type { Failed } from './messages.js';
import type { Begun, Command, Iteration, Seen, TrainingScenes } from './train-messages.js';

const post = (message: Begun | Iteration | Seen | Failed): void => {
  self.postMessage(message);
};

/** Scenes of an iteration, and iterations from one look at the others to the next. */
const [batchSize, every] = [4, 10];

let goesOn = true;
let wake = (): void => undefined;

async function train(scenes: TrainingScenes): Promise<void> {
  // Not on WebGPU: the step's losses are right there, but the number that is read first after it is one from before (TensorFlow.js 4.22).
  const backend = await readyBackend(['wasm', 'cpu']);
  const { side, classes } = scenes;
  const numClasses = classes.length;
  const backbone = vit({
    name: 'vit-page',
    imageSize: side,
    patchSize: 8,
    dim: 48,
    depth: 4,
    heads: 3,
    auxBlock: -2,
  });
  const network = createNetwork({
    ...{ backbone, numClasses, decoderDim: 32 },
    projection: { hidden: 64, bottleneck: 32, out: 64 },
  });
  const still = { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0, seg: 0, reg: 0 };
  const config = stepConfig({
    numClasses,
    localCrops: { size: 24, count: 4 },
    cam: { scales: [1, 1.5], low: 0.35, high: 0.6 },
    par: { iterations: 5, dilations: [1, 2, 4] },
    optimizer: { lr: 1e-3, headLrScale: 1, weightDecay: 0.05, warmup: 20, iterations: 2000 },
    phases: [
      { from: 0, weights: still },
      { from: 150, weights: { ...still, ctc: 0.2, seg: 0.2 } },
    ],
  });
  const step = trainStep(config, { network });
  const random = randomStream(randomPurpose.scene, 1);
  let state = initTrainState(network, network.init(0));
  post({ kind: 'begun', backend });
  for (let iteration = 0; ; iteration++) {
    if (iteration % every === 0) await look(iteration);
    const began = performance.now();
    const batch = drawBatch();
    const next = step(state, batch, phaseAt(config.phases, iteration));
    const losses: Partial<Record<LossTerm, number>> = {};
    for (const term of lossTerms) {
      const value = next.metrics[term];
      if (value) losses[term] = (await value.data())[0]!;
    }
    disposeTree(state, next.state);
    disposeTree(batch);
    disposeTree(next.metrics);
    ({ state } = next);
    post({ kind: 'iteration', iteration: iteration + 1, losses, milliseconds: performance.now() - began });
    // Lets messages in.
    await new Promise((resolve) => setTimeout(resolve));
    while (!goesOn) await new Promise<void>((resolve) => (wake = resolve));
  }

  /** Some scenes as two views of each: as it is or mirrored, and the other way round. */
  function drawBatch(): Batch {
    const chosen = Array.from({ length: batchSize }, () =>
      Math.floor(random.uniform(0, scenes.train.length)),
    );
    const mirrored = chosen.map(() => random.uniform(0, 1) < 0.5);
    const view = (other: boolean): tf.Tensor4D => {
      const pixels = new Float32Array(batchSize * side * side * 3);
      chosen.forEach((index, b) => {
        normalize(scenes.train[index]!, pixels.subarray(b * side * side * 3, (b + 1) * side * side * 3), {
          mirror: mirrored[b]! !== other,
        });
      });
      return tf.tensor4d(pixels, [batchSize, side, side, 3]);
    };
    const box = Array.from({ length: batchSize }, () => [0, side, 0, side]);
    const noise = Float32Array.from({ length: batchSize * side * side }, () => random.uniform(0, 1));
    return {
      ...{ images: view(false), globalView: view(true), localSource: view(false) },
      labels: tf.tensor2d(chosen.map((index) => [...scenes.trainLabels[index]!])),
      imgBox: tf.tensor2d(box, [batchSize, 4], 'int32'),
      cropNoise: tf.tensor3d(noise, [batchSize, side, side]),
    };
  }

  function normalize(pixels: Uint8Array, out: Float32Array, { mirror }: { mirror: boolean }): void {
    const { mean, std } = backbone;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const from = 3 * (y * side + (mirror ? side - 1 - x : x));
        for (let c = 0; c < 3; c++)
          out[3 * (y * side + x) + c] = (pixels[from + c]! / 255 - mean[c]!) / std[c]!;
      }
    }
  }

  async function look(iteration: number): Promise<void> {
    const count = scenes.val.length;
    const images = tf.tensor4d(Float32Array.from(scenes.val.flatMap((pixels) => [...pixels])), [
      count,
      side,
      side,
      3,
    ]);
    const given = inferenceForward(network, ['labels', 'cam', 'scores'])(state.params, { images });
    const [labels, cam, scores] = await Promise.all([
      given.labels.data(),
      given.cam.data(),
      given.scores.data(),
    ]);
    const [, h, w] = given.cam.shape;
    tf.dispose([images, { ...given }]);
    const seen = scenes.val.map((_, b) => {
      const own = scores.subarray(b * numClasses, (b + 1) * numClasses);
      const best = own.indexOf(Math.max(...own));
      const raw = Float32Array.from({ length: h * w }, (_, i) =>
        Math.max(0, cam[(b * h * w + i) * numClasses + best]!),
      );
      const highest = Math.max(...raw, 1e-5);
      const plane = { height: h, width: w, channels: 1, data: raw.map((value) => value / highest) };
      return {
        labels: Uint8Array.from(labels.subarray(b * side * side, (b + 1) * side * side)),
        cam: resizePlanes(plane, { height: side, width: side }).data,
        ...{ best, score: own[best]! },
      };
    });
    post({ kind: 'seen', iteration, scenes: seen });
  }
}

self.addEventListener('message', ({ data }: MessageEvent<Command>) => {
  if (data.kind === 'start') {
    train(data.scenes).catch((error: unknown) => {
      post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    });
    return;
  }
  goesOn = data.run;
  if (goesOn) wake();
});
