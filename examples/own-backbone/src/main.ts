// ToCo on a backbone of one's own. From the command line the same is: toco train --backbone ./dist/backbone.js …
import { syntheticScenes } from '@toco/datasets';
import { parseConfig, train } from '@toco/trainer';
import { backbone } from './backbone.js';

const config = parseConfig({
  batchSize: 4,
  views: { cropSize: 96 },
  localCrops: { size: 32 },
  network: { decoderDim: 64, projection: { hidden: 128, bottleneck: 32, out: 64 } },
  optimizer: { lr: 3e-4, warmup: 2, iterations: 8 },
  phases: [{ from: 0, weights: { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05 } }],
  evaluation: { every: 8, size: 96 },
  run: { logEvery: 2 },
});
const folder = process.argv[2] ?? 'runs/own-backbone';
const data = syntheticScenes({ size: 96, train: 32, val: 8 });
const { iterations, checkpoint, evaluation } = await train(config, { folder, backbone, data });
const miou = (100 * evaluation!.seg.mean).toFixed(1);
console.log(`${iterations} iterations with ${backbone.name}: segmentation mIoU ${miou} %; ${checkpoint}`);
