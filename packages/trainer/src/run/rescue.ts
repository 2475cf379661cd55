import { resumeCommand } from '../checkpoints/resume-command.js';
import { NonFiniteError } from '../checkpoints/finite.js';
import { DifferentWeightsError } from '../cluster/agreement.js';
import type { Together } from '../cluster/together.js';
import type { Run } from './open-run.js';
import { UserError } from '@toco/files';

/** A run that an error ends, and how far it got. */
interface EndedRun extends Pick<Run, 'stepper' | 'saver' | 'ids' | 'start'> {
  readonly together: Together;
  readonly folder: string;
  readonly iteration: number;
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
  const { stepper, saver, folder, iteration, start, print } = run;
  if (error instanceof NonFiniteError) return nonFiniteEnd(error, run);
  if (stepper === undefined || iteration === start || !run.together.leads) return error;
  // What it says is that nothing is saved.
  if (error instanceof DifferentWeightsError) return error;
  const kept = saver.newest() === '' ? 'there is no checkpoint yet' : `${saver.newest()} is untouched`;
  if (saver.hasFailed()) {
    print(
      `Iteration ${iteration} could not be saved; ${kept}. Once that is fixed, resume with: ${resumeCommand(folder)}`,
    );
    return error;
  }
  if (error.message.startsWith(midStep)) {
    print(`Not saved: the step failed halfway; ${kept}. Resume with: ${resumeCommand(folder)}`);
    return error;
  }
  try {
    await saver.save(stepper, iteration, { alone: true });
    print(`Saved iteration ${iteration} (${saver.newest()}). Resume with: ${resumeCommand(folder)}`);
  } catch (failure) {
    print(`Iteration ${iteration} could not be saved (${(failure as Error).message}); ${kept}.`);
  }
  return error;
}

function nonFiniteEnd(error: NonFiniteError, { iteration, ids, saver, folder }: EndedRun): Error {
  const kept = saver.newest() === '' ? 'There is no checkpoint yet' : `${saver.newest()} is from before`;
  const images = ids().join(', ');
  return new UserError(
    `Iteration ${iteration} gave values that are not finite numbers: ${error.message} (images ${images}). ${kept}; repeat that iteration with: ${resumeCommand(folder)} (with --set optimizer.lr=<smaller> to try another way).`,
    { cause: error },
  );
}
