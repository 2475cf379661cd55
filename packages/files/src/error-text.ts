import { inspect } from 'node:util';
import { printable } from './printable.js';
import { UserError } from './user-error.js';

/**
 * What a command prints when an error ends it: the message alone for what the user can mend ({@link UserError}, what the system
 * refuses, such as a full disk or a folder without permission, and words that Node's `parseArgs` does not know), with its stack
 * and its causes for all else, which is a fault of ours.
 */
export function errorText(error: unknown): string {
  if (isOfArguments(error)) return printable(error.message.replaceAll('\n', ' '));
  const mendable = error instanceof UserError || isOfSystem(error);
  return mendable ? printable(error.message) : inspect(error);
}

/** Whether `parseArgs` of `node:util` threw it. Its message may have several lines. */
function isOfArguments(error: unknown): error is NodeJS.ErrnoException {
  return (error as NodeJS.ErrnoException | null | undefined)?.code?.startsWith?.('ERR_PARSE_ARGS_') === true;
}

/** Whether a call of the operating system failed: Node tells which. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return typeof (error as NodeJS.ErrnoException | null | undefined)?.syscall === 'string';
}
