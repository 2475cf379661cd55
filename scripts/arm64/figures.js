// What one processor computes: losses of compiled steps of a tiny network, a prediction, and what our kernels give by themselves,
// printed as JSON. Run on ARM64 with the kernels, and on x64 with TOCO_KERNELS=off, where TensorFlow computes without them. With the
// word "plain", no piece of the step is compiled by XLA: its compiler takes most of the time, and in an emulator thirty times as long.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const packageOf = createRequire(new URL('../../packages/packaging/package.json', import.meta.url));
const load = (name) => import(pathToFileURL(packageOf.resolve(name)).href);
const { initBackend, nativeDenseCrf } = await load('@toco/runtime');
const tf = packageOf('@tensorflow/tfjs-core');
const { vit } = await load('@toco/backbone');
const { denormalize } = await load('@toco/cam');
const { denseCrf } = await load('@toco/crf');
const { compile, lanesOf } = await load('@toco/graph');
const { denseEnergyLattices, latticeFilter, latticeTensors } = await load('@toco/losses');
const { initTrainState, lossTerms, stepConfig, trainStep } = await load('@toco/method');
const { createNetwork } = await load('@toco/network');
const { parAffinity, refine } = await load('@toco/par');
const { inferenceForward } = await load('@toco/segmenter');

/** An emulated processor takes minutes from one of these to the next. */
const reached = (stage) =>
  console.error(
    `${Math.round(performance.now() / 1000)} s: ${stage} (processor ${Math.round(process.cpuUsage().user / 1e6)} s)`,
  );
const engine = await initBackend({ backend: 'tensorflow', threads: 2, print: (line) => console.error(line) });
const side = 32;
const network = createNetwork({
  backbone: vit({ imageSize: side, patchSize: 8, dim: 16, depth: 2, heads: 2, auxBlock: -2 }),
  numClasses: 5,
  decoderDim: 8,
  projection: { hidden: 16, bottleneck: 8, out: 16 },
});

/** Two images of soft waves, each value between −1.5 and 1.5; `seed` moves them. */
function pictures(seed) {
  const wave = (i) => {
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

const weights = { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05 };
const phase = { weights, labelCam: 'main' };
const config = stepConfig({ numClasses: 5, localCrops: { size: 16 }, phases: [{ from: 0, weights }] });
const images = pictures(0);
const levels = denormalize(images, { rounding: 'none' });
const lattice = latticeTensors(await denseEnergyLattices(levels));
const noise = Float32Array.from(
  { length: 2 * side * side },
  (_, i) => Math.abs(Math.sin(i * 12.9898) * 43758.5453) % 1,
);
const batch = {
  ...{ images, globalView: pictures(1), localSource: pictures(2), lattice },
  labels: tf.tensor2d([1, 0, 1, 0, 0, 0, 1, 0, 0, 1], [2, 5]),
  imgBox: tf.tensor2d([0, side, 0, side, 8, side - 8, 0, side], [2, 4], 'int32'),
  cropNoise: tf.tensor3d(noise, [2, side, side]),
};

const lanes = lanesOf(engine);
const step = trainStep(config, { network, targetForward: lanes.forward });
const compiled = await compile(
  step,
  { state: initTrainState(network, network.init(7)), batch, phase },
  { ...lanes.options, plain: process.argv.includes('plain') },
);
reached('the step is traced');
const metrics = await compiled.run(batch, phase);
compiled.dispose();
reached('the step is compiled and run');

const { logits, scores } = inferenceForward(network)(network.init(7).params, { images: levels });
const classes = tf.softmax(tf.randomNormal([2, side, side, 4], 0, 1, 'float32', 3));
const [height, width] = [side, side];
const crf = engine.kernels === undefined ? denseCrf : nativeDenseCrf;
const one = (x) => tf.reshape(tf.slice(x, [0, 0, 0, 0], [1, side, side, x.shape[3]]), [-1]).dataSync();
const q = await crf(one(levels), one(classes), {
  ...{ height, width, classes: 4, iterations: 5 },
  gaussian: { weight: 1, sigmaXy: 1 },
  bilateral: { weight: 4, sigmaXy: 20, sigmaRgb: 5 },
});
reached('all is computed');
console.log(
  JSON.stringify({
    ...{ arch: process.arch, kernels: engine.kernels },
    losses: Object.fromEntries([...lossTerms, 'loss', 'gradNorm'].map((name) => [name, metrics[name]])),
    arrays: {
      'prediction: logits': [...logits.dataSync()],
      'prediction: scores': [...scores.dataSync()],
      'filter on the lattice': [...latticeFilter(tf.avgPool(classes, 2, 2, 'valid'), lattice).dataSync()],
      refinement: [...refine(classes, parAffinity(levels), { iterations: 3 }).dataSync()],
      'dense CRF': [...q],
    },
  }),
);
