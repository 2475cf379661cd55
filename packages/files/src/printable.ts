/** Controls of both ranges, and signs that turn the direction of what follows: a name could move the cursor or hide a line by them. */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/**
 * A line that may hold names of other people's files and classes, for a terminal: control characters are shown as `\n`, `\x1b` or
 * `\u202e` instead of being obeyed. Line breaks are such characters, so what is printed stays one line.
 *
 * @example
 * printable('a\x1b[2Jb'); // 'a\\x1b[2Jb'
 */
export function printable(line: string): string {
  return line.replaceAll(unprintable, (character) => {
    const code = character.codePointAt(0)!;
    if (character === '\n') return String.raw`\n`;
    if (character === '\t') return String.raw`\t`;
    if (character === '\r') return String.raw`\r`;
    return code < 0x100
      ? String.raw`\x${code.toString(16).padStart(2, '0')}`
      : String.raw`\u${code.toString(16).padStart(4, '0')}`;
  });
}
