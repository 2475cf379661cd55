import { expect, test } from '@jest/globals';
import type { Phase } from '../src/phase.js';
import { trainingPace } from '../src/training-pace.js';

const phaseOf = (seg: number): Phase =>
  ({ weights: { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg, reg: 0 } }) as Phase;
const feedOf = (classes: number): object => ({
  presentClasses: { data: new Float32Array(classes), shape: [1, classes] },
});

/** A pace, and a clock that goes on by each iteration's seconds. */
function paced(options: Partial<Parameters<typeof trainingPace>[0]> = {}) {
  const clock = { time: 0 };
  const pace = trainingPace({ total: 1000, ...options, now: () => clock.time });
  const step = (seconds: number, { classes = 1, seg = 0 } = {}): void => {
    clock.time += 1000 * seconds;
    pace.stepped(feedOf(classes), phaseOf(seg));
    pace.resume();
  };
  return { clock, pace, step };
}

test('compilation, of each shape and each phase, does not count', () => {
  const { pace, step } = paced();
  step(60);
  expect(pace.left(1)).toBeUndefined();
  step(2);
  expect(pace.left(2)).toBe(998 * 2);
  for (let classes = 2; classes < 20; classes++) step(50, { classes });
  expect(pace.left(20)).toBe(980 * 2);
  // A phase that has just begun: its first iteration compiles, its second tells.
  step(90, { seg: 1 });
  expect(pace.left(21)).toBe(979 * 2);
  step(3, { seg: 1 });
  expect(pace.left(22)).toBe(978 * 3);
});

test('saving, validations and a machine that slept do not count for an iteration', () => {
  const { clock, pace, step } = paced();
  for (let i = 0; i < 9; i++) step(1);
  step(30_000);
  expect(pace.left(10)).toBe(990);
  clock.time += 500_000;
  pace.resume();
  step(1);
  expect(pace.seconds()).toBe(1);
});

test('validations to come count by the last one, of an earlier process too', () => {
  const rows = [{ kind: 'evaluation', iteration: 400, seconds: 40 } as const];
  const { pace, step } = paced({ evaluateEvery: 200, rows });
  step(9);
  step(1);
  // at 600, 800 and the end
  expect(pace.left(402)).toBe(598 + 3 * 40);
  pace.validated(10);
  expect(pace.left(600)).toBe(400 + 2 * 10);
  expect(pace.left(999)).toBe(1 + 10);
  expect(pace.left(1000)).toBe(0);
});
