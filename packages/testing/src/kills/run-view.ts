import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a training does at a moment; `start` is everything before its first own row. */
export type Activity = 'start' | 'training' | 'saving' | 'validation' | 'report';

/** What can be seen of a run from outside. */
export interface RunView {
  /** A checkpoint is being written, replaced or removed. */
  readonly saving: boolean;
  /** Iteration of the newest checkpoint; 0 before the first. */
  readonly newest: number;
  /** Rows of `metrics.jsonl`, by kind and iteration. */
  readonly rows: readonly string[];
  readonly hasReport: boolean;
}

/** Looks at the folder of a run. */
export function viewRun(folder: string): RunView {
  const names = listOf(join(folder, 'checkpoints'));
  const whole = names.filter((name) => /^iteration-\d+$/.test(name));
  return {
    saving: names.some((name) => /^iteration-\d+\.(part|previous|removed)$/.test(name)),
    newest: Math.max(0, ...whole.map((name) => Number(name.slice(10)))),
    rows: textOf(join(folder, 'metrics.jsonl'))
      .split('\n')
      .slice(0, -1)
      .map((line) => /"kind":"(\w+)","iteration":(\d+)/.exec(line)?.slice(1).join(' ') ?? line),
    hasReport: existsSync(join(folder, 'report.html')),
  };
}

/** What a process was doing, by its folder before it began and now, and what it has printed. */
export function activityOf(
  before: RunView,
  { now, printed }: { readonly now: RunView; readonly printed: string },
  schedule: { readonly iterations: number; readonly evaluateEvery: number },
): Activity {
  const { iterations, evaluateEvery } = schedule;
  // Until it says so it has not begun: what is unfinished then was left by the process before.
  const began = /iterations (\d+)–/.exec(printed);
  if (!began) return 'start';
  if (now.saving) return 'saving';
  if (printed.includes(`iteration ${iterations}: mIoU`)) return now.hasReport ? 'start' : 'report';
  const due = now.newest > before.newest && now.newest % evaluateEvery === 0;
  const validates = due && !now.rows.includes(`evaluation ${now.newest}`);
  if (validates || printed.lastIndexOf('validate ') > printed.lastIndexOf(': mIoU')) return 'validation';
  // Rows beyond the checkpoint were cut at the start, so that their number alone says nothing.
  const first = Number(began[1]);
  return now.rows.some((row) => Number(row.split(' ')[1]) > first) ? 'training' : 'start';
}

function listOf(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
