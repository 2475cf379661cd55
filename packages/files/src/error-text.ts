import { inspect } from 'node:util';
import { printable } from './printable.js';
import { UserError } from './user-error.js';

/**
 * What a command prints when an error ends it: the message alone for what the user can mend ({@link UserError}, and what the
 * system refuses, such as a full disk or a folder without permission), with its stack and its causes for all else, which is a
 * fault of ours.
 */
export function errorText(error: unknown): string {
  const mendable = error instanceof UserError || isOfSystem(error);
  return mendable ? printable(error.message) : inspect(error);
}

/** Whether a call of the operating system failed: Node tells which. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return typeof (error as NodeJS.ErrnoException | null | undefined)?.syscall === 'string';
}
