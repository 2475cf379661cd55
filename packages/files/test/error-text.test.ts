import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { expect, test } from '@jest/globals';
import { errorText } from '../src/error-text.js';
import { UserError } from '../src/user-error.js';

class Special extends UserError {
  override readonly name = 'Special';
}

test('what the user can mend is its message alone, on one line', () => {
  const cause = new TypeError('x is not a function');
  expect(errorText(new UserError('a.yaml: no such file; check --config.', { cause }))).toBe(
    'a.yaml: no such file; check --config.',
  );
  expect(errorText(new Special('a\u001b[2Jb\nc'))).toBe(String.raw`a\x1b[2Jb\nc`);
});

test('so is what the system refuses', () => {
  const refused = (): unknown => {
    try {
      return readFileSync('/nowhere/at/all');
    } catch (error) {
      return error;
    }
  };
  expect(errorText(refused())).toBe("ENOENT: no such file or directory, open '/nowhere/at/all'");
});

test('so are words that parseArgs does not know, on one line', () => {
  const refused = (...args: string[]): string => {
    try {
      parseArgs({ args, options: { out: { type: 'string' } } });
    } catch (error) {
      return errorText(error);
    }
    return '';
  };
  expect(refused('--bogus')).toBe("Unknown option '--bogus'");
  expect(refused('data.root=a')).toBe(
    "Unexpected argument 'data.root=a'. This command does not take positional arguments",
  );
  expect(refused('--out', '-x')).toMatch(/^Option '--out' argument is ambiguous\. Did you [^\n]+$/);
});

test('every other error comes with its stack and its causes', () => {
  const cause = new RangeError('seven is too many');
  const text = errorText(new TypeError('x is not a function', { cause }));
  expect(text).toMatch(/^TypeError: x is not a function\n\s+at /);
  expect(text).toMatch(/\[cause\]: RangeError: seven is too many\n\s+at /);
  expect(errorText(new Error('internal'))).toMatch(/^Error: internal\n\s+at /);
  expect(errorText('a string')).toBe("'a string'");
  expect(errorText(Object.assign(new Error('of a device'), { code: 5 }))).toMatch(
    /^Error: of a device\n\s+at /,
  );
});
