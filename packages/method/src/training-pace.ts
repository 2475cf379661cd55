import type { Phase } from './phase.js';

/** How long the rest of a run takes, judged by what it did last. */
export interface TrainingPace {
  /** Saving or a validation has ended: what comes is the next iteration's time. */
  resume(): void;
  /** An iteration has ended. The first of each phase and shapes of the batch compiles and is not counted. */
  stepped(feed: object, phase: Phase): void;
  validated(seconds: number): void;
  /** Seconds of an iteration, once one without compilation is known. */
  seconds(): number | undefined;
  /** Seconds until the end. */
  left(iteration: number): number | undefined;
}

/** Iterations that an estimate looks at. */
const recent = 50;

/**
 * The pace of a run. An iteration takes the median of the last ones of its phase: compilation, a machine that slept and other
 * rare delays do not count, and a phase with more terms counts from its own second iteration on.
 */
export function trainingPace({
  total,
  evaluateEvery,
  rows = [],
  now,
}: {
  readonly total: number;
  /** Iterations between validations; none where there is no validation. */
  readonly evaluateEvery?: number | undefined;
  /** What the run has written before: its last validation tells how long one takes. */
  readonly rows?: readonly { readonly kind: string; readonly [metric: string]: unknown }[] | undefined;
  /** Milliseconds by a clock that only goes forward. */
  readonly now: () => number;
}): TrainingPace {
  const seen = new Set<string>();
  let durations: number[] = [];
  let phaseOfDurations: string | undefined;
  let mark = now();
  const earlier = rows.findLast(({ kind }) => kind === 'evaluation')?.['seconds'];
  let validation = typeof earlier === 'number' ? earlier : 0;
  const seconds = (): number | undefined =>
    durations.length === 0 ? undefined : [...durations].sort((a, b) => a - b)[durations.length >> 1];
  return {
    stepped(feed, phase) {
      const took = (now() - mark) / 1000;
      mark = now();
      const phaseKey = JSON.stringify(phase);
      const key = phaseKey + shapesOf(feed);
      if (!seen.has(key)) {
        seen.add(key);
        return;
      }
      // Another phase's iterations serve until there is one of this.
      if (phaseKey !== phaseOfDurations) durations = [];
      phaseOfDurations = phaseKey;
      durations = [...durations, took].slice(-recent);
    },
    resume() {
      mark = now();
    },
    validated(took) {
      validation = took;
    },
    seconds,
    left(iteration) {
      const each = seconds();
      if (each === undefined) return undefined;
      const passed = (upTo: number): number =>
        evaluateEvery === undefined ? 0 : Math.floor(upTo / evaluateEvery);
      // The last iteration is always followed by a validation.
      const validations =
        iteration < total && evaluateEvery !== undefined ? passed(total - 1) - passed(iteration) + 1 : 0;
      return (total - iteration) * each + validations * validation;
    },
  };
}

function shapesOf(feed: object): string {
  return JSON.stringify(feed, (key, value: unknown) => (key === 'data' ? undefined : value));
}
