// Trains a method of one's own in the folder that is named, alone or as one of several processes: network, term, targets, refinement,
// arrays of the loader's threads, thresholds and averages. Without the parts that are named behind the folder.
import { vit } from '@toco/backbone';
import { syntheticScenes } from '@toco/datasets';
import { computeTargets } from '@toco/method';
import { createNetwork } from '@toco/network';
import { clusterOfEnvironment } from '@toco/runtime';
import { parseConfig, train } from '@toco/trainer';
import * as tf from '@tensorflow/tfjs-core';

const network = (options) => {
  const base = createNetwork(options);
  return {
    ...base,
    init(seed) {
      const { params, teacher } = base.init(seed);
      const weight = tf.fill([options.backbone.tokenDim, 1], 0.01);
      return { params: { ...params, brightness_head: { weight } }, teacher };
    },
  };
};

/** The head learns the brightness that a loader's thread has measured, plus a target of its own. */
const brightness = (_, { params, main, batch, targets }) => {
  const predicted = tf.matMul(main.clsToken, params.brightness_head.weight);
  const wanted = tf.add(batch.extra.brightness, targets.extra.share);
  return tf.mean(tf.squaredDifference(predicted, wanted));
};

/** ToCo's targets, and the share of classes that an image shows, scaled by the averaged classifier's size. */
const targets = (context, inputs) => {
  const share = tf.mean(inputs.batch.labels, 1, true);
  const size = tf.mean(tf.abs(inputs.averages.slow.classifier.weight));
  return { ...computeTargets(context, inputs), extra: { share: tf.mul(share, size) } };
};

const config = parseConfig({
  batchSize: 4,
  groupSize: 2,
  data: { dataset: 'synthetic', workers: 1 },
  views: { cropSize: 32 },
  localCrops: { size: 16, count: 2 },
  cam: { scales: [1], average: 'slow' },
  network: { decoderDim: 8, projection: { hidden: 8, bottleneck: 8, out: 8 } },
  averages: { slow: { momentum: 0.5 } },
  optimizer: { iterations: 10, warmup: 0, lr: 1e-3, groups: [{ paths: ['brightness_head'], lrScale: 2 }] },
  phases: [
    { from: 0, weights: { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0, reg: 0, brightness: 0.3 } },
    {
      from: 4,
      weights: { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05, brightness: 0.3 },
      cam: { high: 0.5, anneal: 'linear' },
    },
  ],
  evaluation: { every: 10, size: 32 },
  run: { checkpointEvery: 10, logEvery: 1 },
  engine: { threads: 1 },
});

const own = {
  enrichment: { module: new URL('./enrichments.mjs', import.meta.url).href, export: 'brightness' },
  ...{ network, targets, terms: { brightness } },
  refine: (_, planes) => tf.avgPool(planes, 3, 1, 'same'),
};
const [folder, ...without] = process.argv.slice(2);
await train(config, {
  ...{ folder, report: false },
  cluster: clusterOfEnvironment(process.env),
  backbone: vit({ name: 'tiny', imageSize: 32, patchSize: 8, dim: 8, depth: 3, heads: 2 }),
  data: syntheticScenes({ size: 40, train: 12, val: 4 }),
  ...Object.fromEntries(Object.entries(own).filter(([part]) => !without.includes(part))),
});
