import { existsSync, statSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  isUnfinished,
  lockFolder,
  lockRun,
  makeFolder,
  type RunLock,
  writeWhole,
  UserError,
} from '@toco/files';
import { stringify } from 'yaml';
import type { Config } from '../config/config.js';
import { readYaml } from '../config/load-config.js';
import { parseConfig } from '../config/parse-config.js';
import { listCheckpoints } from '@toco/weights';
import { eventFiles } from '../logs/tensorboard.js';
import { type Advice, type Advised, adviceFor } from './advice.js';
import { readCheckpointInfo, repairCheckpoints } from './checkpoint.js';

/** Files of a run's folder. */
export function runFiles(folder: string): { metrics: string; config: string; report: string } {
  return {
    metrics: join(folder, 'metrics.jsonl'),
    config: join(folder, 'config.yaml'),
    report: join(folder, 'report.html'),
  };
}

/** A folder that this process alone writes into. */
export interface RunFolder {
  readonly lock: RunLock;
  /** Lets go of the folder; with `undo` a new run's goes too, so that the same command works once its mistake is fixed. */
  leave(how: { readonly undo: boolean }): Promise<void>;
}

/**
 * Takes the folder of a new run.
 *
 * @throws one line where a run is there already: nothing is overwritten
 */
export async function createRunFolder(
  folder: string,
  print: (line: string) => void,
  advice: Advice,
): Promise<RunFolder> {
  const assertEmpty = async (): Promise<void> => {
    if (await isEmpty(folder)) return;
    throw new UserError(
      `${folder}: not empty; resume that run with ${advice.resuming}, or choose ${advice.otherFolder}.`,
    );
  };
  assertNoFile(folder, advice);
  // A folder of anything else gets no lock; one where a process trains is told as that.
  if (!existsSync(join(folder, lockFolder))) await assertEmpty();
  const created = await makeFolder(folder);
  const lock = await lockRun(folder, print);
  try {
    await assertEmpty();
  } catch (error) {
    await lock.release();
    throw error;
  }
  return {
    lock,
    async leave({ undo }) {
      await lock.release();
      if (undo) await removeStart(folder, created);
    },
  };
}

/** Takes the folder of a run that is resumed, and tidies what a killed process left there. @throws one line: no run there */
export async function resumeRunFolder(
  folder: string,
  print: (line: string) => void,
  advice: Advice,
): Promise<RunFolder> {
  await assertRun(folder, advice);
  const lock = await lockRun(folder, print);
  for (const name of (await readdir(folder)).filter(isUnfinished))
    await rm(join(folder, name), { force: true });
  await repairCheckpoints(folder);
  return { lock, leave: () => lock.release() };
}

/** Writes what a run is trained with from now on; what it was trained with until `iteration` is kept beside it. */
export async function writeRunConfig(
  folder: string,
  config: Config,
  before?: { readonly config: Config; readonly iteration: number },
): Promise<void> {
  const [path, text] = [runFiles(folder).config, stringify(config)];
  const earlier = before && stringify(before.config);
  if (before && earlier !== undefined && earlier !== text && before.iteration > 0) {
    const until = join(folder, `config-until-${String(before.iteration).padStart(6, '0')}.yaml`);
    if (!existsSync(until)) await writeWhole(until, [new TextEncoder().encode(earlier)]);
  }
  await writeWhole(path, [new TextEncoder().encode(text)]);
}

/**
 * The configuration that a run was trained with last.
 *
 * @param advised whose options errors name
 * @throws one line: no run there, or a mistake in its `config.yaml`
 */
export async function readRunConfig(folder: string, advised?: Advised): Promise<Config> {
  await assertRun(folder, adviceFor(advised));
  const { config } = runFiles(folder);
  const checkpoints = await listCheckpoints(folder);
  if (existsSync(config)) {
    try {
      const written = await readYaml(config);
      // What a run writes is never empty, and an empty one would be another run: the default one.
      if (typeof written !== 'object' || written === null || Object.keys(written).length === 0)
        throw new UserError(`${config}: holds no keys.`);
      return parseConfig(written, config);
    } catch (error) {
      const remedy =
        checkpoints.length > 0
          ? 'Remove the file, and the configuration of the newest checkpoint is used.'
          : 'The run has no checkpoint yet: remove its folder, and start it again.';
      throw new UserError(
        `${(error as Error).message.replace(/ at line \d+, column \d+:$/, '.')} ${remedy}`,
        {
          cause: error,
        },
      );
    }
  }
  for (const checkpoint of checkpoints.reverse()) {
    const info = await readCheckpointInfo(checkpoint).catch(() => undefined);
    if (info !== undefined) return info.config;
  }
  throw new UserError(
    `${folder}: config.yaml is missing, and no checkpoint can be read; start the run again.`,
  );
}

/** Whether a folder holds a run that can be resumed. */
export async function hasRun(folder: string): Promise<boolean> {
  return existsSync(runFiles(folder).config) || (await listCheckpoints(folder)).length > 0;
}

async function assertRun(folder: string, advice: Advice): Promise<void> {
  if (await hasRun(folder)) return;
  throw new UserError(
    `${folder}: no run here to resume (config.yaml is missing); check ${advice.folder}, or start the run ${advice.beginning}.`,
  );
}

/** @throws one line where a file has the name of a folder, or of one around it */
function assertNoFile(folder: string, { otherFolder }: Advice): void {
  for (let path = resolve(folder); path !== dirname(path); path = dirname(path)) {
    if (!existsSync(path)) continue;
    if (statSync(path).isDirectory()) return;
    throw new UserError(`${folder}: ${path} is a file, not a folder; choose ${otherFolder}.`);
  }
}

/** Whether a folder holds nothing but what a process that was killed at its very start leaves. */
async function isEmpty(folder: string): Promise<boolean> {
  if (!existsSync(folder)) return true;
  return (await readdir(folder)).every((name) => name === lockFolder || isUnfinished(name));
}

/** Removes what the start of a run has made: its files, its folder and those that were made for it. */
async function removeStart(folder: string, created: string | undefined): Promise<void> {
  const { config, metrics } = runFiles(folder);
  // All of them are of this start: the folder was empty before.
  const events = (await readdir(folder)).filter((name) => name.startsWith(eventFiles));
  for (const path of [config, metrics, ...events.map((name) => join(folder, name))])
    await rm(path, { force: true });
  await rm(join(folder, lockFolder), { recursive: true, force: true });
  if (created === undefined) return;
  try {
    for (let path = folder; ; path = dirname(path)) {
      await rmdir(path);
      if (join(path) === join(created)) return;
    }
  } catch {
    // Something else lies there by now.
  }
}
