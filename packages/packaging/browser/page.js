// Runs in the browser: one training step with all six terms, one prediction and one photograph through a segmenter, on the backends `cpu` and `wasm`.
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { vit } from '@toco/backbone';
import { denormalize } from '@toco/cam';
import { denseEnergyLattices, latticeTensors } from '@toco/losses';
import { initTrainState, lossTerms, stepConfig, trainStep } from '@toco/method';
import { createNetwork } from '@toco/network';
import { denseCrf } from '@toco/crf';
import { inferenceForward, protocols, segmenter } from '@toco/segmenter';

setWasmPaths('/wasm/');

const side = 64;
const network = createNetwork({
  backbone: vit({ imageSize: side, patchSize: 8, dim: 24, depth: 4, heads: 3 }),
  numClasses: 5,
  decoderDim: 16,
  projection: { hidden: 32, bottleneck: 12, out: 32 },
});

/** Two images of soft stripes and blobs, each pixel between −1.5 and 1.5; `seed` moves them. */
function pictures(/** @type {number} */ seed) {
  const wave = (/** @type {number} */ i) => {
    const [c, x, y, b] = [
      i % 3,
      Math.floor(i / 3) % side,
      Math.floor(i / 3 / side) % side,
      Math.floor(i / 3 / side ** 2),
    ];
    return 0.9 * Math.sin((x + seed) / (5 + c) + b) + 0.6 * Math.cos((y * (c + 1)) / 11 - seed);
  };
  return tf.tensor4d(
    Float32Array.from({ length: 2 * side * side * 3 }, (_, i) => wave(i)),
    [2, side, side, 3],
  );
}

/** Losses of one step, and how much it moved the parameters. */
async function train() {
  const weights = { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05 };
  const phase = { weights, labelCam: /** @type {const} */ ('main') };
  const config = stepConfig({ numClasses: 5, localCrops: { size: 24 }, phases: [{ from: 0, weights }] });
  const images = pictures(0);
  const noise = Float32Array.from(
    { length: 2 * side * side },
    (_, i) => Math.abs(Math.sin(i * 12.9898) * 43758.5453) % 1,
  );
  const batch = {
    images,
    globalView: pictures(1),
    localSource: pictures(2),
    labels: tf.tensor2d([1, 0, 1, 0, 0, 0, 1, 0, 0, 1], [2, 5]),
    imgBox: tf.tensor2d([0, side, 0, side, 8, side - 8, 0, side], [2, 4], 'int32'),
    cropNoise: tf.tensor3d(noise, [2, side, side]),
    lattice: latticeTensors(await denseEnergyLattices(denormalize(images, { rounding: 'none' }))),
  };
  const state = initTrainState(network, network.init(7));
  const { metrics } = trainStep(config, { network })(state, batch, phase);
  const values = /** @type {Record<string, tf.Tensor>} */ (metrics);
  const named = [...lossTerms, 'loss', 'gradNorm'].map(async (name) => [
    name,
    (await values[name].data())[0],
  ]);
  return Object.fromEntries(await Promise.all(named));
}

/** Segmentation logits and scores of pictures. */
async function predict() {
  const images = tf.mul(tf.add(pictures(3), 1.5), 85);
  const { logits, labels, scores } = inferenceForward(network)(network.init(7).params, { images });
  const [numbers, classes] = [
    await tf.concat([tf.reshape(logits, [-1]), tf.reshape(scores, [-1])]).data(),
    await labels.data(),
  ];
  return { numbers: [...numbers], labels: [...classes], shape: labels.shape };
}

/** Labels and CAMs of a photograph of an odd size after the protocol `voc`, its CRF on WebAssembly. */
async function segment() {
  const [height, width] = [45, 70];
  const data = Uint8Array.from(
    { length: height * width * 3 },
    (_, i) => 128 + 100 * Math.sin(i / 17) * Math.cos(Math.floor(i / (3 * width)) / 7),
  );
  const outputs = /** @type {const} */ (['labels', 'cam', 'scores']);
  const voc = segmenter(network, network.init(7).params, { protocol: protocols.voc, outputs, crf: denseCrf });
  for await (const { labels, cam, scores } of voc.segment([{ height, width, data }]))
    return { labels: [...labels], cam: [...cam.data], scores: [...scores] };
}

async function run() {
  const answer = {};
  for (const backend of ['cpu', 'wasm']) {
    await tf.setBackend(backend);
    answer[backend] = {
      backend: tf.getBackend(),
      terms: await train(),
      prediction: await predict(),
      segmented: await segment(),
    };
  }
  return answer;
}

globalThis.answer = run();
