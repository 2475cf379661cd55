import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '@toco/runtime';
import { deitTiny, loadPretrained } from '@toco/backbone';
import { createNetwork } from '@toco/network';
import { decodeSafetensors } from '@toco/formats';
import { voc, trainingLoader, defaultViewOptions } from '@toco/datasets';
import { compile } from '@toco/graph';
import { mapTree } from '@toco/core';
import { stepConfig, initTrainState, trainStep, phaseAt } from './dist/index.js';
import { feedBatch } from './dist/data/feed-batch.js';
const mode = process.argv[2] ?? 'compiled',
  n = +(process.argv[3] ?? 5);
await initBackend({ backend: 'tensorflow' });
const S = 224;
const backbone = deitTiny();
const network = createNetwork({ backbone, numClasses: 20 });
const config = stepConfig({
  behavior: 'reference',
  numClasses: 20,
  localCrops: { size: 64 },
  phases: [{ from: 0, weights: { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05 } }],
});
const net = network.init(0);
const { params: encoder } = loadPretrained(
  backbone,
  net.params.encoder,
  decodeSafetensors(readFileSync('/work/shared/weights/deit_tiny_patch16_224.safetensors')),
);
let state = initTrainState(network, { ...net, params: { ...net.params, encoder } });
const list = await voc('/work/shared/data/voc-mini/VOCdevkit/VOC2012', {
  labels: '/work/shared/data/voc-mini/cls_labels_onehot.npy',
}).list('train_aug');
const loader = trainingLoader(list, {
  batchSize: 4,
  seed: 0,
  workers: 0,
  views: { ...defaultViewOptions, cropSize: S, behavior: 'reference' },
  enrichment: {
    module: new URL('./dist/data/lattice-enrichment.js', import.meta.url).href,
    export: 'latticeOfSample',
    options: { mean: backbone.mean, std: backbone.std, sigmaXy: 100, sigmaRgb: 15 },
  },
});
const step = trainStep(config, { network });
const phase = phaseAt(config.phases, 0);
let compiled,
  i = 0;
const rss = () => Math.round(process.memoryUsage().rss / 1e6);
for await (const b of loader) {
  if (i++ >= n) break;
  const feed = feedBatch(b);
  console.log('vertices', feed.lattice.neighbours.shape, 'classes', feed.presentClasses.shape);
  let t0 = performance.now();
  if (mode === 'compiled') {
    if (!compiled) {
      compiled = await compile(
        step,
        { state, batch: feed, phase },
        { precision: process.env.PREC ?? 'f32', xla: !!process.env.XLA },
      );
      console.log('trace ms', performance.now() - t0, JSON.stringify(compiled.stats()).slice(0, 600));
      t0 = performance.now();
    }
    const m = await compiled.run(feed, phase);
    console.log(i, (performance.now() - t0).toFixed(0) + 'ms', 'rss', rss(), JSON.stringify(m));
    if (i === n && process.env.PROF) {
      const p = await compiled.profile(feed, phase);
      for (const o of p.slice(0, 40)) console.log(JSON.stringify(o));
      const by = {};
      for (const o of p) {
        const k = o.type ?? o.op ?? o.operation ?? o.name;
        by[k] = (by[k] ?? 0) + (o.milliseconds ?? o.ms ?? o.time ?? o.microseconds / 1000);
      }
      console.log(
        Object.entries(by)
          .sort((a, b) => b[1] - a[1])
          .slice(0, 30),
      );
    }
  } else {
    const leaf = (x) =>
      'data' in x && ArrayBuffer.isView(x.data)
        ? tf.tensor(x.data, x.shape, x.data instanceof Int32Array ? 'int32' : 'float32')
        : Object.fromEntries(Object.entries(x).map(([k, v]) => [k, leaf(v)]));
    const batch = leaf(feed);
    const before = tf.memory().numTensors;
    const r = step(state, batch, phase);
    const m = Object.fromEntries(
      await Promise.all(Object.entries(r.metrics).map(async ([k, v]) => [k, (await v.data())[0]])),
    );
    console.log(
      i,
      (performance.now() - t0).toFixed(0) + 'ms',
      'rss',
      rss(),
      JSON.stringify(m),
      'tensors',
      before,
      tf.memory().numTensors,
    );
    state = r.state;
  }
}
process.exit(0);
