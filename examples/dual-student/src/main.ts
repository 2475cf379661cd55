// Two students that teach one another, on drawn scenes or on any data set:
// node dist/main.js [--out folder] [--config file.yaml] [--iterations n]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openDataset } from '@toco/datasets';
import { type ConfigInput, loadConfig, parseConfig, train } from '@toco/trainer';
import { dualConfig, scenes } from './config.js';
import { dualStudent } from './method.js';
import { network } from './network.js';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'runs/dual-student' },
    config: { type: 'string' },
    iterations: { type: 'string' },
  },
});
const base: ConfigInput = values.config === undefined ? scenes : await loadConfig(values.config);
const iterations = Number(values.iterations ?? base.optimizer?.iterations);
const data = await openDataset(parseConfig(base));
const module = fileURLToPath(new URL('./network.js', import.meta.url));
const own = {
  ...base,
  optimizer: { ...base.optimizer, iterations },
  evaluation: { ...base.evaluation, every: iterations },
};
const config = parseConfig(dualConfig(own, { classes: data.classes.length, module }));

let discrepancy = Number.NaN;
const { evaluation, checkpoint } = await train(config, {
  ...{ folder: values.out, resume: 'auto', data, network },
  ...dualStudent,
  onIteration: ({ metrics }) => {
    discrepancy = metrics['discrepancy']!;
  },
});
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
console.log(`${iterations} iterations; discrepancy ${discrepancy.toFixed(3)}; ${checkpoint}`);
console.log(
  `first student: CAM ${percent(evaluation!.cam.mean)}, segmentation ${percent(evaluation!.seg.mean)}`,
);
