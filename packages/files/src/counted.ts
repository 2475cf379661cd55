/** `3 images`, `1 image`; where a plural does not end in s alone, it is given. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
