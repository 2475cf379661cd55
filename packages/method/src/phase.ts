/** The six terms of the training loss (paper, equation 5). */
export const lossTerms = ['cls', 'clsAux', 'ptc', 'ctc', 'seg', 'reg'] as const;

/** Name of one term of the training loss. */
export type LossTerm = (typeof lossTerms)[number];

/** A weight for each of the six terms, and for terms of one's own by their names. */
export type LossWeights = Readonly<Record<LossTerm, number>> & Readonly<Record<string, number>>;

/**
 * The static part of an iteration: what is switched on. Work for a term of weight 0 is skipped.
 *
 * A step is compiled once per phase, so phases are few and hold plain data only.
 */
export interface Phase {
  readonly weights: LossWeights;
  /** Whose CAM the segmentation labels come from. */
  readonly labelCam: 'main' | 'aux';
  /** Terms of weight 0 that are measured all the same, outside the gradient. */
  readonly measure?: readonly string[] | undefined;
}

/** One row of a schedule of phases: from iteration `from` (counted from 0) on, `phase` holds. */
export interface ScheduledPhase extends Phase {
  readonly from: number;
  /** Thresholds: inputs of the step, see `thresholdsAt`, so that a change of theirs compiles nothing anew. */
  readonly cam?: PhaseThresholds | undefined;
}

/** β_l and β_h of a phase, of all classes or of each one. */
export interface PhaseThresholds {
  readonly low?: number | readonly number[] | undefined;
  readonly high?: number | readonly number[] | undefined;
  readonly anneal: 'none' | 'linear' | 'cosine';
}

/**
 * The phase that holds at iteration `t`: the row whose `from` is the largest that is not beyond `t`, of equal ones the last.
 *
 * @throws when no row covers `t`.
 */
export function phaseAt(schedule: readonly ScheduledPhase[], t: number): Phase {
  const row = inOrder(schedule).findLast(({ from }) => from <= t);
  if (!row) throw new Error(`No phase covers iteration ${t}: let the first phase begin at 0.`);
  const { weights, labelCam, measure } = row;
  return { weights, labelCam, ...(measure ? { measure } : {}) };
}

/** Phases as they follow one another. The sort is stable: of those that begin together, all but the last are over at once. */
export function inOrder<R extends Pick<ScheduledPhase, 'from'>>(schedule: readonly R[]): R[] {
  return [...schedule].sort((a, b) => a.from - b.from);
}

/** Whether a term is computed in a phase: because it weighs something, or because it is measured. */
export function isOn({ weights, measure = [] }: Phase, term: string): boolean {
  return (weights[term] ?? 0) > 0 || measure.includes(term);
}

/** All terms that phases weigh or measure: the six, then those of one's own. */
export function termNames(phases: readonly Phase[]): string[] {
  const named = phases.flatMap(({ weights, measure = [] }) => [...Object.keys(weights), ...measure]);
  return [...new Set([...lossTerms, ...named])];
}
