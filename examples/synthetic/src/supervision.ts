import { writeFile } from 'node:fs/promises';
import { interruption, type ConfigInput } from '@toco/trainer';
import { Command } from 'commander';
import { supervisions, type Supervision } from './supervision-config.js';
import { superviseScenes, type SupervisedFigures } from './supervision-run.js';

// What masks are worth: the four recipes with several seeds, and their order. Can be interrupted and started again.
const flags = new Command('supervision')
  .description('trains on drawn scenes by image labels, by some masks, by pseudo labels and by all masks')
  .option('--seeds <list>', 'seeds, with commas', '0,1,2')
  .option('--iterations <n>', 'length of every schedule', '300')
  .option('--only <list>', `some of: ${supervisions.join(', ')}`, supervisions.join(','))
  .option('--scenes <n>', 'training scenes', '2000')
  .option('--validation <n>', 'validation scenes', '120')
  .option('--out <folder>', 'folder of the runs', 'runs/supervision')
  .option('--write <file>', 'where the figures go, as JSON')
  .parse()
  .opts<{
    seeds: string;
    iterations: string;
    only: string;
    scenes: string;
    validation: string;
    out: string;
    write?: string;
  }>();
const iterations = Number(flags.iterations);
const print = (line: string): void => void process.stderr.write(`${line}\n`);
const signal = interruption(print);

const settings = (config: ConfigInput): ConfigInput => ({
  ...config,
  data: { ...config.data, synthetic: { train: Number(flags.scenes), val: Number(flags.validation) } },
  optimizer: { ...config.optimizer, iterations, warmup: Math.round(iterations / 15) },
  evaluation: { ...config.evaluation, every: iterations },
  run: { ...config.run, logEvery: 1 },
});

const figures: SupervisedFigures[] = [];
for (const seed of flags.seeds.split(',').map(Number)) {
  for (const supervision of flags.only.split(',') as Supervision[]) {
    if (!supervisions.includes(supervision))
      throw new Error(`--only ${supervision}: choose among ${supervisions.join(', ')}.`);
    print(`${supervision}, seed ${seed}`);
    const run = await superviseScenes({ seed, supervision, out: flags.out, settings, signal, print });
    if (!run) process.exit(130);
    figures.push(run);
  }
}
if (flags.write !== undefined) await writeFile(flags.write, `${JSON.stringify(figures, undefined, 2)}\n`);
const median = (name: Supervision): number =>
  figures
    .filter(({ supervision }) => supervision === name)
    .map(({ seg }) => seg)
    .sort((a, b) => a - b)
    .at(Math.floor(flags.seeds.split(',').length / 2))!;
for (const name of flags.only.split(',') as Supervision[]) {
  const each = figures.filter(({ supervision }) => supervision === name).map(({ seg }) => seg.toFixed(1));
  process.stdout.write(`${name.padEnd(14)} ${median(name).toFixed(1)} (${each.join(', ')})\n`);
}
