import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { activityOf, viewRun, type Activity, type RunView } from './run-view.js';

/** How a training is ended: at once, by a second Ctrl-C, or asked to save. */
export type Blow = 'SIGKILL' | 'SIGINT twice' | 'SIGTERM';

/** What is trained, and how often it validates. */
export interface KilledTraining {
  /** The command's file. */
  readonly main: string;
  /** Arguments of `toco train` but for the folder. */
  readonly args: readonly string[];
  readonly iterations: number;
  readonly evaluateEvery: number;
}

/** When a training is killed. */
export interface KillPlan {
  /** What it shall be doing, for which time. */
  readonly activity: Activity;
  /** Which time that it does so (which row, for training). */
  readonly occurrence: number;
  /** Milliseconds after that has begun. */
  readonly delay: number;
  readonly blow: Blow;
  /** Milliseconds between two Ctrl-C. */
  readonly between: number;
}

/** How a process ended. */
export interface TrainingEnd {
  /** What it was doing when it was killed; none where it came to its end by itself. */
  readonly killed?: Activity;
  readonly status: number | null;
  readonly printed: string;
  /** Milliseconds that each activity lasted, of those that ended. */
  readonly durations: readonly (readonly [Activity, number])[];
}

/** What {@link trainUntil} may be told. */
export interface TrainUntilOptions {
  readonly resume: boolean;
  readonly plan?: KillPlan | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds between two looks at the folder. */
const pollEvery = 3;
/** Bounds a hang, not the speed. */
const longest = 600_000;

/** Starts or resumes a training in `folder` and kills it by the plan, or lets it come to its end. */
export async function trainUntil(
  training: KilledTraining,
  folder: string,
  { resume, plan, signal: abort }: TrainUntilOptions,
): Promise<TrainingEnd> {
  const before = viewRun(folder);
  const args = ['train', ...training.args, '--out', folder, ...(resume ? ['--resume'] : [])];
  const child = spawn(process.execPath, [training.main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const ended = new Promise<{ status: number | null; signal: string | null }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      resolve({ status, signal });
    });
  });
  const end = { over: false };
  void ended.finally(() => (end.over = true));

  const activity = (now: RunView = viewRun(folder)): Activity =>
    activityOf(before, { now, printed }, training);
  const durations: [Activity, number][] = [];
  const began = performance.now();
  let [current, since, rows, count] = ['start' as Activity, began, 0, 0];
  let asked: Activity | undefined;
  while (!end.over) {
    await sleep(pollEvery);
    const view = viewRun(folder);
    const next = activity(view);
    const time = performance.now();
    const hasRow = next === 'training' && view.rows.length > rows;
    if (next !== current) durations.push([current, time - since]);
    if (next === plan?.activity && (next === 'training' ? hasRow : next !== current)) count++;
    if (next !== current) [current, since] = [next, time];
    rows = view.rows.length;
    if (count === plan?.occurrence) {
      await sleep(plan.delay);
      asked = activity();
      child.kill(plan.blow === 'SIGINT twice' ? 'SIGINT' : plan.blow);
      if (plan.blow === 'SIGINT twice') {
        await sleep(plan.between);
        child.kill('SIGINT');
      }
      break;
    }
    if (abort?.aborted || time - began > longest) child.kill('SIGKILL');
  }
  const overdue = setTimeout(() => child.kill('SIGKILL'), longest);
  const { status, signal } = await ended;
  clearTimeout(overdue);
  durations.push([current, performance.now() - since]);
  const wasKilled = asked !== undefined && (signal !== null || status === 130 || status === 143);
  // What a dead process was doing the folder tells; one that was asked to end has gone on and saved.
  const saved = printed.includes('Stopped after');
  return { ...(wasKilled && { killed: saved ? asked! : activity() }), status, printed, durations };
}
