// The step by hand: one iteration of ToCo on synthetic scenes, first operation by operation, then as one TensorFlow graph;
// with its losses, times and a picture of the CAMs.
import { createNetwork } from '@toco/network';
import { vit } from '@toco/backbone';
import { syntheticScenes } from '@toco/datasets';
import { compile } from '@toco/graph';
import { initBackend } from '@toco/runtime';
import { type Batch, initTrainState, lossTerms, phaseAt, stepConfig, trainStep } from '@toco/method';
import { uploadTree } from '@toco/core';
import { trainingBatches } from '@toco/trainer';
import { drawCams } from './draw-cams.js';

await initBackend({ backend: 'tensorflow' });
const data = syntheticScenes({ size: 128, train: 64, val: 8 });
const backbone = vit({ name: 'vit-mini', imageSize: 96, patchSize: 8, dim: 96, depth: 6, heads: 3 });
const network = createNetwork({ backbone, numClasses: data.classes.length });
const config = stepConfig({
  numClasses: data.classes.length,
  localCrops: { size: 32 },
  phases: [{ from: 0, weights: { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05 } }],
});
const step = trainStep(config, { network });
const phase = phaseAt(config.phases, 0);
const list = await data.list('train');
const batches = trainingBatches(list, {
  backbone,
  config,
  cropSize: 96,
  batchSize: 4,
  seed: 0,
  endIteration: 4,
});

// Eager: every operation runs by itself. The step disposes nothing it was given.
const { value: first } = await batches.next();
const batch = uploadTree<Batch>(first!);
let began = performance.now();
const eager = step(initTrainState(network, network.init(0)), batch, phase);
const eagerLoss = (await eager.metrics.loss.data())[0]!;
console.log(`eager     loss ${eagerLoss.toFixed(4)}  ${(performance.now() - began).toFixed(0)} ms`);

// Compiled: traced once without executing anything, then one call into TensorFlow per iteration.
began = performance.now();
const compiled = await compile(step, {
  state: initTrainState(network, network.init(0)),
  batch: first!,
  phase,
});
console.log(`traced    ${compiled.stats().nodes} nodes in ${(performance.now() - began).toFixed(0)} ms`);
for (let feed = first; feed; feed = (await batches.next()).value) {
  began = performance.now();
  const metrics = await compiled.run(feed);
  const terms = ['loss', ...lossTerms] as const;
  const shown = terms.map((term) => `${term} ${metrics[term]!.toFixed(4)}`).join('  ');
  console.log(`compiled  ${shown}  ${(performance.now() - began).toFixed(0)} ms`);
}
const picture = process.argv[2] ?? 'cams.png';
await drawCams(picture, { network, params: eager.state.params, batch });
console.log(`CAMs of the four images, one row each for image, CAM and auxiliary CAM: ${picture}`);
compiled.dispose();
