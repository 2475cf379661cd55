import type { Problem } from './check-sample.js';

/** Problems of one kind: the first, and how many there are. */
export interface ProblemGroup {
  readonly first: Problem;
  readonly count: number;
  /** The id of another image that has it. */
  readonly another?: string;
}

/** Puts problems together whose messages differ only in file and numbers, so that a thousand of one kind are one line. */
export function problemGroups(): { add(problem: Problem): void; all(): ProblemGroup[] } {
  const groups = new Map<string, { first: Problem; count: number; another?: string }>();
  return {
    add(problem) {
      const { kind, id, list, message } = problem;
      // What is said of a whole list has no image that could stand for it: each list keeps its line.
      const key =
        id === ''
          ? `${kind} ${list} ${message}`
          : `${kind} ${withoutFile(message, id).replaceAll(/\d+/g, '#')}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { first: problem, count: 1 });
      else {
        group.count++;
        group.another ??= id;
      }
    },
    all() {
      const all = [...groups.values()];
      return [
        ...all.filter(({ first }) => first.kind === 'error'),
        ...all.filter(({ first }) => first.kind !== 'error'),
      ];
    },
  };
}

/** A message without the path before it, where that is the image's or the mask's: it ends with the id and an ending. */
function withoutFile(message: string, id: string): string {
  const at = message.indexOf(`${id.split('/').at(-1)!}.`);
  const end = at < 0 ? -1 : message.indexOf(': ', at);
  return end < 0 ? message : message.slice(end);
}
