import { join, resolve } from 'node:path';
import { readFile } from 'node:fs/promises';
import { describeMachine, isSupportedPlatform } from '@toco/runtime';
import { interruption, readMetrics, secondsOf, type Config, type ConfigInput } from '@toco/trainer';
import { lossTerms } from '@toco/method';
import { writeReport, type ReportBaseline } from '@toco/report';
import { objectKinds } from '@toco/datasets';
import { Command } from 'commander';
import { settings as baselineSettings } from './baseline-config.js';
import { figuresTable } from './figures-table.js';
import { prepareFolder } from './prepare-folder.js';
import { medianRun, recordedFigures, type RunFigures } from './recorded.js';
import { figuresOf, runScenes, type FinishedRun } from './run-scenes.js';
import { sceneConfig } from './scene-config.js';
import { shortened } from './shortened.js';
import { showReport } from './show-report.js';
import { smaller } from './smaller.js';
import { settings as tocoSettings } from './toco-config.js';

interface Flags {
  readonly seed: string;
  readonly out: string;
  readonly baseline?: boolean;
  readonly short?: boolean;
}

/** Scenes of an iteration of the recorded runs. */
const tocoBatch = sceneConfig(tocoSettings).batchSize;

const print = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(flags: Flags): Promise<void> {
  const began = performance.now();
  const seed = Number(flags.seed);
  if (!Number.isInteger(seed)) throw new Error(`--seed ${flags.seed}: give a whole number.`);
  // Where there is no engine, `npm start` has said so.
  const sized = (settings: ConfigInput): ConfigInput =>
    isSupportedPlatform() ? settings : smaller(settings);
  const configured = (settings: ConfigInput): Config =>
    sceneConfig({ ...(flags.short ? shortened(sized(settings)) : sized(settings)), seed });
  const signal = interruption(print);
  const folder = flags.out;

  const baselineFolder = `${folder}-baseline`;
  const baseline = flags.baseline
    ? await finish(configured(baselineSettings), { folder: baselineFolder, signal, keepPanels: true })
    : undefined;
  if (flags.baseline && !baseline) return stopped();
  const config = configured(tocoSettings);
  const run = await finish(config, { folder, signal, ...(baseline && { beside: baseline.raw }) });
  if (!run) return stopped();

  const recorded = await recordedFigures();
  const fresh = baseline && figuresOf(baseline, seed);
  const report = resolve(join(folder, 'report.html'));
  const rows = await readMetrics(join(folder, 'metrics.jsonl'));
  await writeReport(report, {
    title: 'Token Contrast on drawn scenes',
    description: `Segmentation learned from image-level labels alone: ${config.optimizer.iterations} iterations of ${config.batchSize} scenes, seed ${seed}.`,
    command: `npm start${seed === 0 ? '' : ` -- --seed ${seed}`}`,
    machine: describeMachine(),
    classes: objectKinds.map(({ name }) => name),
    config: await readFile(join(folder, 'config.yaml'), 'utf8'),
    rows,
    lossTerms,
    batchSize: config.batchSize,
    evaluation: run.evaluation,
    panels: run.panels,
    baseline: fresh
      ? reportBaseline(fresh, 'run before this one on the same machine, from the same weights')
      : reportBaseline(medianRun(recorded.baseline, 'cam'), recorded.note),
    // Of a run that was interrupted only the last part was seen: the rows know the rest.
    seconds: Math.max((performance.now() - began) / 1000, secondsOf(rows)),
    iterations: run.result.iterations,
  });
  const { batchSize, optimizer } = config;
  const length =
    optimizer.iterations < recorded.iterations
      ? `\nThis run had ${optimizer.iterations} iterations of ${batchSize} scenes, the recorded ones ${recorded.iterations} of ${tocoBatch}.`
      : '';
  process.stdout.write(
    `\n${figuresTable(figuresOf(run, seed), recorded, fresh)}${length}\n\nReport: ${report}\n`,
  );
  showReport(report);
}

async function finish(
  config: Config,
  options: Omit<Parameters<typeof runScenes>[1], 'resume'>,
): Promise<FinishedRun | undefined> {
  return runScenes(config, { ...options, ...(await prepareFolder(options.folder, config, print)) });
}

function stopped(): void {
  print('Stopped. Run the same command to continue from here.');
  process.exitCode = 130;
}

function reportBaseline({ cam, camPerClass, similarity }: RunFigures, note: string): ReportBaseline {
  return {
    camMean: cam / 100,
    camPerClass: camPerClass.map((value) => (value ?? NaN) / 100),
    similarity,
    note,
  };
}

const program = new Command('synthetic')
  .description('trains ToCo on drawn scenes by image-level labels and writes a report')
  .option('--seed <n>', 'seed of heads, order and views', '0')
  .option('--out <folder>', 'folder of the run', 'runs/synthetic')
  .option(
    '--baseline',
    'train the classification-only baseline first, instead of showing its recorded figures',
  )
  .option('--short', 'a few iterations on a few scenes, to see that everything works')
  .action(main);

// The single door where errors leave.
try {
  await program.parseAsync();
} catch (error) {
  const { message, stack } = error as Error;
  print(process.env['TOCO_DEBUG'] ? (stack ?? message) : message);
  process.exitCode = 1;
}
