import { appendFileSync } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { writeWhole } from '@toco/files';
import { fileVersion, readEvents, scalars, sessionStart, type BoardEvent } from '@toco/formats';
import type { MetricsRow } from './metrics-log.js';

/** Writes rows of metrics as TensorBoard events. */
export interface TensorBoardWriter {
  write(row: MetricsRow): void;
}

/** What the names of event files begin with. */
export const eventFiles = 'events.out.tfevents.';

/**
 * An event file in `folder`, for `tensorboard --logdir`. Every number of a row becomes a scalar; rows are on the disk as soon as
 * they are written.
 *
 * @param rows what the run has written before. Their events take the place of all that the folder has, so that each step is there
 *   once, whatever an interruption left.
 */
export async function tensorBoardWriter(
  folder: string,
  rows: readonly MetricsRow[] = [],
): Promise<TensorBoardWriter> {
  const old = (await readdir(folder)).filter((name) => name.startsWith(eventFiles)).sort();
  const path = join(folder, newName(old));
  const times = await wallTimes(old.map((name) => join(folder, name)));
  let wallTime = [...times.values()][0] ?? now();
  const events = rows.map((row) => {
    wallTime = times.get(keyOf(row)) ?? wallTime;
    return scalars(eventOf(row, wallTime));
  });
  // Under a name that TensorBoard does not look at until it is whole.
  const unfinished = join(folder, 'tensorboard-events');
  const restart = old.length > 0 ? [sessionStart(now())] : [];
  await writeWhole(unfinished, [fileVersion(now()), ...restart, ...events]);
  await rename(unfinished, path);
  for (const name of old) await rm(join(folder, name), { force: true });
  return {
    write(row) {
      appendFileSync(path, scalars(eventOf(row, now())));
    },
  };
}

const now = (): number => Date.now() / 1000;

/** A name that sorts behind those that are there, also where the clock was set back or two starts share a second. */
function newName(old: readonly string[]): string {
  const last = Math.max(0, ...old.map((name) => Number.parseInt(name.slice(eventFiles.length), 10) || 0));
  return `${eventFiles}${Math.max(Math.floor(now()), last + 1)}.${hostname()}.${process.pid}`;
}

const keyOf = ({ kind, iteration }: Pick<MetricsRow, 'kind' | 'iteration'>): string => `${kind}/${iteration}`;

/** When each row was first written, from the events of earlier processes. */
async function wallTimes(paths: readonly string[]): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const path of paths) {
    for (const { wallTime, step, values } of readEvents(await readFile(path))) {
      const [kind] = (Object.keys(values)[0] ?? '').split('/');
      if (kind) times.set(`${kind}/${step}`, wallTime);
    }
  }
  return times;
}

function eventOf({ kind, iteration, ...metrics }: MetricsRow, wallTime: number): BoardEvent {
  const numbers = Object.entries(metrics).flatMap(([name, value]) =>
    typeof value === 'number' ? [[`${kind}/${name}`, value] as const] : [],
  );
  return { wallTime, step: iteration, values: Object.fromEntries(numbers) };
}
