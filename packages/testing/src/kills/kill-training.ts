import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareRuns } from './compare-runs.js';
import { randomNumbers } from './random-numbers.js';
import { viewRun, type Activity } from './run-view.js';
import { trainUntil, type Blow, type KilledTraining, type KillPlan } from './train-until.js';

/** What a training can be killed in the middle of. */
export const killKinds = ['training', 'saving', 'validation', 'report'] as const;

/** How many kills hit each activity. */
export type KillCounts = Record<Activity, number>;

/** What {@link killTraining} may be told. */
export interface KillOptions {
  /** Keeps the uninterrupted run and the killed one. */
  readonly folder: string;
  readonly seed: number;
  /** Kills that each kind must get. */
  readonly wanted: Readonly<Record<(typeof killKinds)[number], number>>;
  readonly log?: ((line: string) => void) | undefined;
  /** Ends the trainings; what is returned then says nothing of them. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains once without interruption, and once killed again and again, at moments drawn over the time that each activity takes, and
 * resumed each time, and compares what both leave.
 *
 * @returns how many kills hit which activity; fewer of a kind than wanted where the run ended before, or was never hit in 4 attempts
 *   for each kill
 * @throws where the two runs differ, or a resumed run fails
 */
export async function killTraining(training: KilledTraining, options: KillOptions): Promise<KillCounts> {
  const { folder, seed, wanted, signal, log = () => undefined } = options;
  const whole = await uninterrupted(training, join(folder, 'whole'), signal);
  const killed = join(folder, 'killed');
  rmSync(killed, { recursive: true, force: true });
  mkdirSync(killed, { recursive: true });
  const random = randomNumbers(seed);
  const counts: KillCounts = { start: 0, training: 0, saving: 0, validation: 0, report: 0 };
  const total = killKinds.reduce((sum, kind) => sum + wanted[kind], 0);
  for (let attempt = 0; ; attempt++) {
    const plan = attempt < 4 * total ? nextPlan() : undefined;
    const resume = existsSync(join(killed, 'config.yaml'));
    const end = await trainUntil(training, killed, { resume, plan, signal });
    if (signal?.aborted) return counts;
    const tail = end.printed.trimEnd().split('\n').slice(-4).join('\n');
    if (end.killed === undefined) {
      if (end.status !== 0) throw new Error(`Attempt ${attempt} ended with ${end.status}:\n${tail}`);
      if (plan === undefined || counts.report >= wanted.report) break;
      // It was faster than the blow. A kill just before the report leaves the same folder without one, so that the next may hit.
      rmSync(join(killed, 'report.html'));
      continue;
    }
    counts[end.killed]++;
    const { activity, blow, delay } = plan!;
    log(`${blow} in ${end.killed} (${activity} + ${Math.round(delay)} ms) at ${viewRun(killed).newest}`);
    if (end.printed.includes('damaged')) throw new Error(`A kill was told as damage:\n${tail}`);
  }
  const differences = compareRuns(join(folder, 'whole'), killed, training);
  if (differences.length > 0)
    throw new Error(`Killed and uninterrupted run differ:\n${differences.join('\n')}`);
  return counts;

  function nextPlan(): KillPlan | undefined {
    const open = killKinds.filter((kind) => counts[kind] < wanted[kind]);
    const atEnd = viewRun(killed).newest === training.iterations;
    // The report comes last: what else is wanted is had before.
    const first = open.filter((kind) => (kind === 'report') === (atEnd || open.length === 1));
    const activity = first[Math.floor(random() * first.length)];
    if (!activity) return undefined;
    const occurrence =
      activity === 'training' ? 1 + Math.floor(6 * random()) : 1 + Math.floor(1.5 * random());
    return {
      activity,
      occurrence: activity === 'report' || activity === 'validation' ? 1 : occurrence,
      delay: random() * whole[activity],
      blow: blowOf(random()),
      between: 80 * random(),
    };
  }
}

function blowOf(random: number): Blow {
  if (random < 0.7) return 'SIGKILL';
  return random < 0.85 ? 'SIGINT twice' : 'SIGTERM';
}

type Durations = Record<(typeof killKinds)[number], number>;

/** Trains without interruption, unless that was done before. Resolves to the milliseconds that each activity takes. */
async function uninterrupted(
  training: KilledTraining,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<Durations> {
  const timesFile = `${folder}-times.json`;
  if (!existsSync(timesFile)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const { status, printed, durations } = await trainUntil(training, folder, { resume: false, signal });
    if (status !== 0) throw new Error(`The uninterrupted run ended with ${status}:\n${printed}`);
    const medianOf = (kind: string): number => {
      const times = durations.flatMap(([activity, time]) => (activity === kind ? [time] : []));
      return times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
    };
    writeFileSync(
      timesFile,
      JSON.stringify(Object.fromEntries(killKinds.map((kind) => [kind, medianOf(kind)]))),
    );
  }
  return JSON.parse(readFileSync(timesFile, 'utf8')) as Durations;
}
