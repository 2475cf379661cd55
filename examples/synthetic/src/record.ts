import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { interruption, type ConfigInput } from '@toco/trainer';
import { Command } from 'commander';
import { settings as baselineSettings } from './baseline-config.js';
import { prepareFolder } from './prepare-folder.js';
import { medianRun, type Recorded, type RunFigures } from './recorded.js';
import { figuresOf, runScenes } from './run-scenes.js';
import { sceneConfig } from './scene-config.js';
import { settings as tocoSettings } from './toco-config.js';

// Measures what recorded.json says: baseline and ToCo with several seeds. Can be interrupted and started again.
const { seeds, out, write } = new Command('record')
  .option('--seeds <list>', 'seeds, with commas', '0,1,2')
  .option('--out <folder>', 'folder of the runs', 'runs/synthetic-record')
  .option('--write <file>', 'where the figures go', 'examples/synthetic/recorded.json')
  .parse()
  .opts<{ seeds: string; out: string; write: string }>();
const print = (line: string): void => void process.stderr.write(`${line}\n`);
const signal = interruption(print);

async function measure(name: string, settings: ConfigInput): Promise<RunFigures[]> {
  const runs: RunFigures[] = [];
  for (const seed of seeds.split(',').map(Number)) {
    const config = sceneConfig({ ...settings, seed });
    const folder = join(out, `${name}-${seed}`);
    const run = await runScenes(config, { folder, signal, ...(await prepareFolder(folder, config, print)) });
    if (!run) process.exit(130);
    runs.push(figuresOf(run, seed));
    print(JSON.stringify(runs.at(-1)));
  }
  return runs;
}

const [baseline, toco] = [await measure('baseline', baselineSettings), await measure('toco', tocoSettings)];
const { iterations } = sceneConfig(tocoSettings).optimizer;
const recorded: Recorded = {
  note: `median of seeds ${seeds.split(',').join(', ')} with ${iterations} iterations from the same weights, recorded on ${availableParallelism()} threads of ${cpus()[0]?.model.trim() ?? 'an unknown processor'}`,
  iterations,
  baseline,
  toco,
};
await writeFile(write, `${JSON.stringify(recorded, null, 2)}\n`);
print(`gain of medians: ${(medianRun(toco, 'seg').seg - medianRun(baseline, 'cam').cam).toFixed(2)} points`);
