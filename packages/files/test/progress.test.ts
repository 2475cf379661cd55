import { expect, test } from '@jest/globals';
import { createProgress } from '../src/progress.js';

/** A stream that remembers what was written, and a clock that is set by hand. */
function recorder(isTTY: boolean): { lines: string[]; stream: NodeJS.WriteStream; clock: { time: number } } {
  const lines: string[] = [];
  const write = (text: string): boolean => lines.push(text) > 0;
  return { lines, stream: { isTTY, columns: 80, write } as NodeJS.WriteStream, clock: { time: 0 } };
}

test.each([
  [false, 15_000],
  [true, 100],
])('on a terminal: %p: a line every %i ms, and the end once', (isTTY, interval) => {
  const { lines, stream, clock } = recorder(isTTY);
  const progress = createProgress('train', { stream, now: () => clock.time });
  for (let done = 0; done < 5; done++) {
    clock.time = (done * interval) / 2;
    progress.update({ done, total: 5 });
  }
  expect(lines.map((line) => / (\d)\/5 /.exec(line)?.[1])).toEqual(['0', '2', '4']);
  // The end comes at once; what repeats it adds nothing.
  for (let repeated = 0; repeated < 4; repeated++) {
    clock.time += interval;
    progress.update({ done: 5, total: 5 });
  }
  expect(lines.length).toBe(4);
  expect(lines[3]).toContain(' 5/5 ');
  progress.stop();
  expect(lines.length).toBe(isTTY ? 5 : 4);
});

test('what comes before the first unit, such as compilation, does not count for the time left', () => {
  const { lines, stream, clock } = recorder(true);
  const progress = createProgress('validate', { stream, now: () => clock.time });
  for (const [time, done] of [
    [60_000, 4],
    [61_000, 8],
    [62_000, 12],
  ] as const) {
    clock.time = time;
    progress.update({ done, total: 100 });
  }
  expect(lines[0]).toMatch(/1:00 passed$/);
  expect(lines[1]).toContain('1:01 passed, 0:23 left');
  expect(lines[2]).toContain('1:02 passed, 0:22 left');
});

test('the caller may know the time left, or not yet', () => {
  const { lines, stream, clock } = recorder(false);
  const progress = createProgress('train', { stream, givesLeft: true, now: () => clock.time });
  for (const left of [undefined, 3600]) {
    progress.update({ done: 1, total: 100, left });
    clock.time += 15_000;
  }
  expect(lines[0]).toMatch(/ 0:00 passed\n$/);
  expect(lines[1]).toMatch(/ 0:15 passed, 1:00:00 left\n$/);
  // eslint-disable-next-line no-control-regex -- that there is none
  expect(lines.join('')).not.toMatch(/[\x1b\r]/);
});

test('a name among the values moves no cursor', () => {
  const { lines, stream, clock } = recorder(true);
  createProgress('cats\x1b[2J', { stream, now: () => clock.time }).update({ done: 1, total: 1 });
  expect(lines.join('')).toContain(String.raw`cats\x1b[2J`);
});

test('what ends soon is not shown', () => {
  const { lines, stream, clock } = recorder(false);
  const shown = (seconds: number): number => {
    lines.length = 0;
    clock.time = 0;
    const progress = createProgress('reading', { stream, quietFor: 1000, now: () => clock.time });
    for (let done = 0; done <= 4; done++) {
      clock.time = (done / 4) * seconds * 1000;
      progress.update({ done, total: 4 });
    }
    progress.stop();
    return lines.length;
  };
  expect(shown(0.9)).toBe(0);
  expect(shown(2.5)).toBe(2);
  expect(lines[0]).toContain(' 2/4 · 0:01 passed, 0:01 left');
});
