import { UserError } from '@toco/files/user-error';

/** What every reader of this package throws for bytes it refuses: one line that says what was wrong and where. */
export class FormatError extends UserError {
  override readonly name: string = 'FormatError';
}

/** Throws a {@link FormatError}. */
export function refuse(message: string): never {
  throw new FormatError(message);
}

const longest = 72;

/** A name taken from a file, fit for a one-line message: escaped, and cut where it is long. */
export function quote(text: string): string {
  const escaped = JSON.stringify(text.slice(0, longest)).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const isWhole = text.length <= longest && escaped.length <= longest + 2;
  return isWhole ? escaped : `${escaped.slice(0, longest)}…"`;
}

/** Runs `read`, and puts `where` (a path, a member's name) before the message of a {@link FormatError}. */
export function within<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`${where}: ${error.message}`);
    throw error;
  }
}
