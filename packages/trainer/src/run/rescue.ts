import { NonFiniteError } from '../checkpoints/finite.js';
import { DifferentWeightsError } from '../cluster/agreement.js';
import type { Together } from '../cluster/together.js';
import type { Advice } from '../checkpoints/advice.js';
import type { Run } from './open-run.js';
import { UserError } from '@toco/files';

/** A run that an error ends, and how far it got. */
interface EndedRun extends Pick<Run, 'stepper' | 'saver' | 'ids' | 'start'> {
  readonly together: Together;
  readonly folder: string;
  readonly iteration: number;
  readonly advice: Advice;
  readonly print: (line: string) => void;
}

/** How TensorFlow's own failures begin: the weights may be half updated then. */
const midStep = 'The compiled function failed';

/**
 * Saves what a run has trained before an error ends it, unless that is what is wrong.
 *
 * @returns the error to end with
 */
export async function rescue(error: Error, run: EndedRun): Promise<Error> {
  const { stepper, saver, iteration, start, print } = run;
  if (error instanceof NonFiniteError) return nonFiniteEnd(error, run);
  if (stepper === undefined || iteration === start || !run.together.leads) return error;
  // What it says is that nothing is saved.
  if (error instanceof DifferentWeightsError) return error;
  const kept = saver.newest() === '' ? 'there is no checkpoint yet' : `${saver.newest()} is untouched`;
  if (saver.hasFailed()) {
    print(
      `Iteration ${iteration} could not be saved; ${kept}.${resumeHint(run, 'Once that is fixed, resume with')}`,
    );
    return error;
  }
  if (error.message.startsWith(midStep)) {
    print(`Not saved: the step failed halfway; ${kept}.${resumeHint(run)}`);
    return error;
  }
  try {
    await saver.save(stepper, iteration, { alone: true });
    print(`Saved iteration ${iteration} (${saver.newest()}).${resumeHint(run)}`);
  } catch (failure) {
    print(`Iteration ${iteration} could not be saved (${(failure as Error).message}); ${kept}.`);
  }
  return error;
}

/** A sentence that says how the run goes on, unless whoever started it does. */
function resumeHint({ advice, folder }: EndedRun, lead = 'Resume with'): string {
  const how = advice.resume(folder);
  return how === '' ? '' : ` ${lead}: ${how}`;
}

function nonFiniteEnd(error: NonFiniteError, run: EndedRun): Error {
  const { iteration, ids, saver, folder, advice } = run;
  const how = advice.resume(folder);
  const kept = saver.newest() === '' ? 'There is no checkpoint yet' : `${saver.newest()} is from before`;
  const images = ids().join(', ');
  return new UserError(
    `Iteration ${iteration} gave values that are not finite numbers: ${error.message} (images ${images}). ${kept}; repeat that iteration${how === '' ? '' : ` with: ${how}`} (with ${advice.set('optimizer.lr', '<smaller>')} to try another way).`,
    { cause: error },
  );
}
