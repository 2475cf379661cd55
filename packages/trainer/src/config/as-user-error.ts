import { UserError } from '@toco/files';

/**
 * What `check` gives. What `@toco/method` finds wrong with a configuration beside network and parts is the user's to mend.
 *
 * @throws its message as one line
 */
export function asUserError<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw new UserError((error as Error).message, { cause: error });
  }
}
