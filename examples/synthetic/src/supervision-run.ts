import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMetrics, type ConfigInput } from '@toco/trainer';
import { prepareFolder } from './prepare-folder.js';
import { runScenes } from './run-scenes.js';
import { sceneConfig } from './scene-config.js';
import { supervisionConfig, type Supervision } from './supervision-config.js';

/** The command. */
const toco = fileURLToPath(new URL('bin/toco.js', import.meta.resolve('@toco/cli/package.json')));

/** Every so-many-th image has a mask where some have. */
const maskedEvery = 8;

/** What a run of {@link superviseScenes} is. */
export interface SupervisedRun {
  readonly seed: number;
  readonly supervision: Supervision;
  /** Folder of all runs. */
  readonly out: string;
  /** What differs for all of them, such as a shorter schedule. */
  readonly settings: (config: ConfigInput) => ConfigInput;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

/** What came of it. */
export interface SupervisedFigures {
  readonly supervision: Supervision;
  readonly seed: number;
  /** mIoU of the segmentation on the validation scenes, percent. */
  readonly seg: number;
  /** Mean segmentation loss of the first and of the last fifth of the iterations. */
  readonly segLoss: readonly [first: number, last: number];
}

/**
 * Trains on the scenes with one kind of supervision; pseudo labels are what `toco label` makes of the CAMs that the
 * run by image labels of the same seed has of the training scenes. Goes on where it was interrupted.
 *
 * @returns `undefined` where the signal ended it
 */
export async function superviseScenes(run: SupervisedRun): Promise<SupervisedFigures | undefined> {
  const { seed, supervision, out, signal, print } = run;
  const masks = await masksFor(run);
  if (masks === undefined) return undefined;
  const config = sceneConfig({ ...run.settings(supervisionConfig(supervision, masks)), seed });
  const folder = folderOf(run, supervision);
  await mkdir(out, { recursive: true });
  const finished = await runScenes(config, {
    ...{ folder, signal },
    ...(await prepareFolder(folder, config, print)),
  });
  if (!finished) return undefined;
  const rows = (await readMetrics(join(folder, 'metrics.jsonl'))).filter(({ kind }) => kind === 'train');
  const fifth = Math.max(1, Math.floor(rows.length / 5));
  const mean = (part: typeof rows): number =>
    part.reduce((sum, row) => sum + Number(row['seg']), 0) / part.length;
  return {
    ...{ supervision, seed },
    seg: Math.round(finished.evaluation.seg.mean * 1e4) / 100,
    segLoss: [mean(rows.slice(0, fifth)), mean(rows.slice(-fifth))],
  };
}

function folderOf({ out, seed }: SupervisedRun, supervision: Supervision): string {
  return join(out, `${supervision.replace(' ', '-')}-${seed}`);
}

/** A file of ids, a folder of label images, or nothing, as the run's configuration names it. */
async function masksFor(run: SupervisedRun): Promise<string | undefined> {
  const { seed, supervision, out } = run;
  await mkdir(out, { recursive: true });
  if (supervision === 'some masks') {
    const { data } = sceneConfig(run.settings({}));
    const ids = Array.from({ length: data.synthetic.train }, (_, i) => `train-${String(i).padStart(5, '0')}`);
    const file = join(out, 'masked.txt');
    await writeFile(file, `${ids.filter((_, i) => i % maskedEvery === 0).join('\n')}\n`);
    return file;
  }
  if (supervision !== 'pseudo labels') return '';
  const folder = join(out, `labels-${seed}`);
  const labeled = await runToco(
    [
      'label',
      folderOf(run, 'image labels'),
      ...['--list', 'train'],
      ...['--from', 'cam', '--refine', 'none'],
      ...['--out', folder],
    ],
    run,
  );
  return labeled ? join(folder, 'masks') : undefined;
}

/** Runs the command as its users do. @returns `false` where the signal ended it */
async function runToco(args: readonly string[], { signal, print }: SupervisedRun): Promise<boolean> {
  const child = spawn(process.execPath, [toco, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const interrupt = (): void => void child.kill('SIGINT');
  signal.addEventListener('abort', interrupt);
  child.stderr.setEncoding('utf8').on('data', (text: string) => print(text.trimEnd()));
  try {
    const code = await new Promise<number | null>((resolve, reject) =>
      child.on('error', reject).on('close', resolve),
    );
    if (signal.aborted) return false;
    if (code !== 0) throw new Error(`toco ${args.join(' ')} ended with ${code ?? 'a signal'}.`);
    return true;
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}
