/**
 * A word as a shell takes it literally, for commands that are printed to be pasted.
 *
 * @example
 * shellWord("runs/John's cats"); // 'runs/John'\\''s cats'
 */
export function shellWord(text: string): string {
  return /^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
