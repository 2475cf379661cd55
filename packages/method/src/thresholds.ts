import type { StepConfig } from './method-config.js';
import { inOrder } from './phase.js';

/** β_l and β_h of every class. */
export interface Thresholds {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

type Schedule = Pick<StepConfig, 'cam' | 'phases' | 'optimizer' | 'numClasses'>;

/**
 * The thresholds of an iteration, counted from 0; undefined where no phase has its own, and those of `cam` hold throughout.
 *
 * With `anneal`, a phase goes from the values of the phase before it (the first one from those of `cam`) to its own, which it has
 * at its end: w = u linearly, w = (1 − cos πu)/2 by cosine, u the share of the phase that is over.
 *
 * @throws one line for a list that has not one value a class, and where β_l is not below β_h
 */
export function thresholdsAt(config: Schedule, iteration: number): Thresholds | undefined {
  const phases = inOrder(config.phases);
  if (phases.every(({ cam }) => cam === undefined)) return undefined;
  // As they are written, which may be in another order.
  const keys = phases.map((phase) => `phases.${config.phases.indexOf(phase)}.cam`);
  const own = phases.map(({ cam }, i) => ({
    low: perClass(cam?.low ?? config.cam.low, config, `${keys[i]!}.low`),
    high: perClass(cam?.high ?? config.cam.high, config, `${keys[i]!}.high`),
  }));
  own.forEach(({ low, high }, i) => {
    const c = low.findIndex((value, j) => value >= high[j]!);
    if (c >= 0)
      throw new Error(
        `${keys[i]!}: low ${low[c]} is not below high ${high[c]} (class ${c + 1}); choose it smaller.`,
      );
  });
  const now = phases.findLastIndex(({ from }) => from <= iteration);
  const { from, cam: { anneal = 'none' } = {} } = phases[now]!;
  if (anneal === 'none') return own[now]!;
  const end = phases[now + 1]?.from ?? config.optimizer.iterations;
  const over = Math.min(1, (iteration - from) / Math.max(1, end - from));
  const weight = anneal === 'linear' ? over : (1 - Math.cos(Math.PI * over)) / 2;
  const before = now === 0 ? all(config) : own[now - 1]!;
  const between = (key: 'low' | 'high'): number[] =>
    own[now]![key].map((to, c) => before[key][c]! + weight * (to - before[key][c]!));
  return { low: between('low'), high: between('high') };
}

function all({ cam, numClasses }: Schedule): Thresholds {
  return { low: Array<number>(numClasses).fill(cam.low), high: Array<number>(numClasses).fill(cam.high) };
}

function perClass(
  value: number | readonly number[],
  { numClasses }: Pick<Schedule, 'numClasses'>,
  key: string,
): readonly number[] {
  if (typeof value === 'number') return Array<number>(numClasses).fill(value);
  if (value.length === numClasses) return value;
  throw new Error(
    `${key} has ${value.length} values for ${numClasses} classes; give one for each, or one number.`,
  );
}
