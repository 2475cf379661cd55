import type { StepConfig } from './method-config.js';
import { inOrder, isOn, type ScheduledPhase, termNames } from './phase.js';

/** What a schedule plans beyond its own end, a line for each: phases that never hold, a warm-up that never ends. */
export function scheduleWarnings({ optimizer, phases }: Pick<StepConfig, 'optimizer' | 'phases'>): string[] {
  const { iterations, warmup } = optimizer;
  const lines: string[] = [];
  const reached = phases.filter(({ from }) => from < iterations);
  const missed = phases.filter(({ from }) => from >= iterations);
  if (missed.length > 0) {
    const on = (rows: readonly ScheduledPhase[]) =>
      termNames(phases).filter((term) => rows.some((row) => isOn(row, term)));
    const never = on(missed).filter((term) => !on(reached).includes(term));
    const list = missed.map(({ from }) => from).join(', ');
    const consequence =
      never.length > 0 ? `, so these loss terms are never trained: ${never.join(', ')}` : '';
    const segmentation = never.includes('seg') ? ' (without seg, the network never learns to segment)' : '';
    lines.push(
      `Warning: optimizer.iterations is ${iterations}, but phases begin at iteration ${list}${consequence}${segmentation}. ` +
        `Train longer, or write where phases begin as a share of the length, such as "from: 10%".`,
    );
  }
  for (const [i, phase] of phases.entries()) {
    const together = inOrder(phases).filter(({ from }) => from === phase.from);
    const last = together.at(-1)!;
    if (phase !== last && phase.from < iterations)
      lines.push(
        `Warning: phases.${i} never holds, since phases.${phases.indexOf(last)} begins at iteration ${phase.from}, too. ` +
          `Let it begin later, or leave one of the two out.`,
      );
  }
  if (warmup >= iterations) {
    lines.push(
      `Warning: optimizer.warmup (${warmup}) is not shorter than optimizer.iterations (${iterations}), so the learning rate never ` +
        `reaches optimizer.lr. Shorten the warm-up, for example to optimizer.warmup=7.5%.`,
    );
  }
  return lines;
}
