import { printable } from './printable.js';

/** A line on the error stream; names in it can't move the cursor. Blank lines before it stay. */
export function printLine(line: string): void {
  const blank = /^\n*/.exec(line)![0];
  process.stderr.write(`${blank}${printable(line.slice(blank.length))}\n`);
}
