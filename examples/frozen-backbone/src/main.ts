// A frozen backbone, a light decoder on several of its blocks, and a refinement by what it knows already:
// node dist/main.js [--out folder] [--config file.yaml] [--iterations n]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type ConfigInput, loadConfig, parseConfig, train } from '@toco/trainer';
import { frozenConfig, scenes } from './config.js';
import { network } from './network.js';
import { byLikeness } from './refine.js';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'runs/frozen-backbone' },
    config: { type: 'string' },
    iterations: { type: 'string' },
  },
});
const base: ConfigInput = values.config === undefined ? scenes : await loadConfig(values.config);
const iterations = Number(values.iterations ?? base.optimizer?.iterations);
const module = fileURLToPath(new URL('./network.js', import.meta.url));
const shortened = {
  ...base,
  optimizer: { ...base.optimizer, iterations },
  evaluation: { ...base.evaluation, every: iterations },
};
const config = parseConfig(frozenConfig(shortened, module));
const { evaluation, checkpoint } = await train(config, {
  ...{ folder: values.out, resume: 'auto', network },
  refine: byLikeness,
});
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const { cam, seg } = evaluation!;
console.log(
  `${iterations} iterations; CAM ${percent(cam.mean)}, segmentation ${percent(seg.mean)}; ${checkpoint}`,
);
