import type { LossTerm } from '@toco/method';
import type { Config } from '@toco/trainer';
import type { Settings } from './settings.js';

type Phases = Config['phases'];

/** What changes the schedule of a preset. */
export interface ScheduleChange {
  /** Another length: phases and warm-up keep their shares of it. */
  readonly iterations?: number | undefined;
  /** Terms that stay; the others weigh 0. */
  readonly terms?: readonly LossTerm[] | undefined;
}

/** Settings that give a configuration another length, and leave out terms of the loss. */
export function scheduleSettings(config: Config, { iterations, terms }: ScheduleChange): Settings {
  const { optimizer, evaluation, run } = config;
  const length = iterations ?? optimizer.iterations;
  const share = length / optimizer.iterations;
  const phases = withTerms(beginningAt(config.phases, share), terms);
  return {
    ...((iterations !== undefined || terms !== undefined) && { phases }),
    ...(iterations !== undefined && {
      'optimizer.iterations': length,
      'optimizer.warmup': Math.round(share * optimizer.warmup),
      'evaluation.every': Math.max(1, Math.round(share * evaluation.every)),
      'run.checkpointEvery': Math.max(1, Math.min(run.checkpointEvery, Math.round(length / 4))),
    }),
  };
}

/** Phases that begin at the same shares of another length, each after the one before. */
function beginningAt(phases: Phases, share: number): Phases {
  let after = -1;
  return phases.map((phase) => {
    after = Math.max(after + 1, Math.round(share * phase.from));
    return { ...phase, from: after };
  });
}

/** Phases without the other terms; neighbors that have become alike are one, since each is compiled. */
function withTerms(phases: Phases, terms: readonly LossTerm[] | undefined): Phases {
  if (terms === undefined) return phases;
  const stays = new Set<string>(terms);
  const left = phases.map(({ weights, ...phase }) => ({
    ...phase,
    weights: Object.fromEntries(
      Object.entries(weights).map(([term, weight]) => [term, stays.has(term) ? weight : 0]),
    ) as typeof weights,
  }));
  // Whose CAM gives labels is the same where nothing learns from them.
  const content = ({ from: _, labelCam, ...phase }: Phases[number]): string =>
    JSON.stringify([phase, phase.weights.seg > 0 && labelCam]);
  return left.filter((phase, i) => i === 0 || content(phase) !== content(left[i - 1]!));
}
