// A frozen backbone, a light decoder on several of its blocks, and a refinement by what it knows already:
// node dist/main.js [--out folder] [--config file.yaml] [--short]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { errorText } from '@toco/files';
import { type ConfigInput, interruption, loadConfig, parseConfig, train } from '@toco/trainer';
import { frozenConfig, scenes, shortScenes } from './config.js';
import { network } from './network.js';
import { byLikeness } from './refine.js';

// The single door where errors leave.
process.on('uncaughtException', (error) => {
  console.error(errorText(error));
  process.exit(1);
});
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'runs/frozen-backbone' },
    config: { type: 'string' },
    short: { type: 'boolean', default: false },
  },
});
const drawn = values.short ? shortScenes : scenes;
const base: ConfigInput = values.config === undefined ? drawn : await loadConfig(values.config);
const module = fileURLToPath(new URL('./network.js', import.meta.url));
const config = parseConfig(frozenConfig(base, module));
const { iterations, interrupted, evaluation, checkpoint } = await train(config, {
  ...{ folder: values.out, resume: 'auto', network },
  signal: interruption(console.error),
  refine: byLikeness,
});
if (interrupted) process.exit();
// Of a run that had nothing left to do, its report has the figures.
if (evaluation) {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const { cam, seg } = evaluation;
  console.log(
    `${iterations} iterations; CAM ${percent(cam.mean)}, segmentation ${percent(seg.mean)}; ${checkpoint}`,
  );
}
