// Heads on a backbone that stays as it is, on drawn scenes or on any data set:
// node dist/main.js [--out folder] [--config file.yaml] [--backbone name] [--weights file or hf:owner/name] [--iterations n]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openDataset } from '@toco/datasets';
import { type ConfigInput, loadConfig, parseConfig, train } from '@toco/trainer';
import { frozenConfig, scenes } from './config.js';
import { network } from './network.js';
import { featureRefine } from './refine.js';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'runs/frozen-backbone' },
    config: { type: 'string' },
    backbone: { type: 'string' },
    weights: { type: 'string' },
    iterations: { type: 'string' },
  },
});
const base: ConfigInput = values.config === undefined ? scenes : await loadConfig(values.config);
const iterations = Number(values.iterations ?? base.optimizer?.iterations);
const module = fileURLToPath(new URL('./network.js', import.meta.url));
const own = {
  ...base,
  optimizer: { ...base.optimizer, iterations },
  evaluation: { ...base.evaluation, every: iterations },
};
const config = parseConfig(frozenConfig(own, { module, name: values.backbone, weights: values.weights }));
const { evaluation, checkpoint } = await train(config, {
  ...{ folder: values.out, resume: 'auto', data: await openDataset(config), network },
  refine: featureRefine(0.1),
});
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
console.log(`${iterations} iterations on ${config.backbone.name}, frozen; ${checkpoint}`);
console.log(`CAM ${percent(evaluation!.cam.mean)}, segmentation ${percent(evaluation!.seg.mean)}`);
