import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '@toco/files';
import { configChanges } from '@toco/method';
import { type Config, hasRun, readMetrics, readRunConfig, runFiles } from '@toco/trainer';
import type { PlannedRun } from './planned-run.js';
import { toco } from './toco.js';

/** Keys that make no other run: where it computes, what it writes, what is found out about the data set. */
const unimportant =
  /^(?:engine\.(?!precision$)|run\.)|^data\.(?:root|workers|prefetch|maxUnreadable)|^evaluation\.every$/;

/** Whether a run is there and was trained to its end, validation and report included. */
export async function isTrained({ folder, config }: PlannedRun): Promise<boolean> {
  const { metrics, report } = runFiles(folder);
  if (!existsSync(report)) return false;
  const { iterations } = config.optimizer;
  return (await readMetrics(metrics)).some(
    (row) => row.kind === 'evaluation' && row.iteration === iterations,
  );
}

/** @throws one line where the folder of a run has another one */
export async function assertSameRun({ folder, config }: PlannedRun): Promise<void> {
  if (!(await hasRun(folder))) return;
  const [change] = changesOf(await readRunConfig(folder), config);
  if (change === undefined) return;
  const { key, was, is } = change;
  throw new UserError(
    `${folder}: was trained with ${key} ${was ?? 'not set'}, now it is ${is ?? 'not set'}; choose another folder with --out.`,
  );
}

function changesOf(was: Config, is: Config): ReturnType<typeof configChanges> {
  const root = ({ data }: Config): string => (data.root === undefined ? '' : resolve(data.root));
  return [
    ...(root(was) === root(is) ? [] : [{ key: 'data.root', was: was.data.root, is: is.data.root }]),
    ...configChanges(was, is).filter(
      // A data set that is found by its folder has no name before it is opened.
      ({ key, was, is }) =>
        !unimportant.test(key) && (key !== 'data.dataset' || (was !== undefined && is !== undefined)),
    ),
  ];
}

/** Trains a run, or what is left of it. @returns false where the signal ended it */
export async function trainRun(run: PlannedRun, signal: AbortSignal): Promise<boolean> {
  const { file, folder, settings } = run;
  const args = ['train', '--config', file, '--out', folder, '--resume', 'auto', '--set', ...settings];
  return (await toco(args, signal)) !== undefined;
}
