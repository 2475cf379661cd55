// Two students that teach one another, on drawn scenes or on any data set:
// node dist/main.js [--out folder] [--config file.yaml] [--short]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openDataset } from '@toco/datasets';
import { errorText } from '@toco/files';
import { type ConfigInput, interruption, loadConfig, parseConfig, train } from '@toco/trainer';
import { dualConfig, scenes, shortScenes } from './config.js';
import { dualStudent } from './method.js';
import { network } from './network.js';

// The single door where errors leave.
process.on('uncaughtException', (error) => {
  console.error(errorText(error));
  process.exit(1);
});
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'runs/dual-student' },
    config: { type: 'string' },
    short: { type: 'boolean', default: false },
  },
});
const drawn = values.short ? shortScenes : scenes;
const base: ConfigInput = values.config === undefined ? drawn : await loadConfig(values.config);
const data = await openDataset(parseConfig(base));
const module = fileURLToPath(new URL('./network.js', import.meta.url));
const config = parseConfig(dualConfig(base, { classes: data.classes.length, module }));

let discrepancy = Number.NaN;
const { iterations, interrupted, evaluation, checkpoint } = await train(config, {
  ...{ folder: values.out, resume: 'auto', data, network },
  signal: interruption(console.error),
  ...dualStudent,
  onIteration: ({ metrics }) => {
    discrepancy = metrics['discrepancy']!;
  },
});
if (interrupted) process.exit();
// Of a run that had nothing left to do, its report has the figures.
if (evaluation) {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const { cam, seg } = evaluation;
  console.log(`${iterations} iterations; discrepancy ${discrepancy.toFixed(3)}; ${checkpoint}`);
  console.log(`first student: CAM ${percent(cam.mean)}, segmentation ${percent(seg.mean)}`);
}
