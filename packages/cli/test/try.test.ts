import { describe, expect, test } from '@jest/globals';
import { formatTried, isRight, type TriedStep } from '../src/try/try-step.js';
import { toco } from './run-toco.js';

// An engine of its own, and the whole step compiled: half a minute on a quiet machine.
const timeout = 400_000;

describe('toco doctor --try', () => {
  test(
    'takes steps on the CPU and finds the recorded losses',
    async () => {
      const args = ['doctor', '--try', '--json', '--set', 'engine.device=cpu'];
      const { status, stdout, stderr } = await toco(args);
      expect(stderr).toBe('');
      const { tried } = JSON.parse(stdout) as { tried: TriedStep };
      expect(tried).toMatchObject({ device: 'cpu', tolerance: 1e-4 });
      expect(tried.worst.difference).toBeLessThan(1e-4);
      expect(tried.losses).toHaveLength(2);
      expect(Object.keys(tried.losses[0]!).sort()).toEqual(
        ['cls', 'clsAux', 'ctc', 'loss', 'ptc', 'reg', 'seg'].sort(),
      );
      expect(tried.each).toBeGreaterThan(0);
      expect(status).toBe(0);
    },
    timeout,
  );

  test('says what is no setting of the engine, and what needs --try', async () => {
    expect((await toco(['doctor', '--try', '--set', 'seed=1'])).stderr).toMatch(
      /settings of the engine alone/,
    );
    expect((await toco(['doctor', '--set', 'engine.xla=true'])).stderr).toMatch(/add --try/);
  });
});

test('a loss that is off is told, and by how much; one that is no number is off', () => {
  const tried: TriedStep = {
    device: 'gpu',
    engine: 'Backend: …',
    losses: [],
    worst: { step: 1, term: 'ptc', difference: 0.03 },
    tolerance: 2e-3,
    first: 4,
    each: 0.05,
  };
  expect(isRight(tried)).toBe(false);
  expect(formatTried(tried)).toMatch(/NOT those recorded .* ptc of step 1, by 3\.0e-2 \(allowed 2e-3\)/);
  expect(isRight({ ...tried, worst: { ...tried.worst, difference: Infinity } })).toBe(false);
  expect(formatTried({ ...tried, tolerance: 0.1 })).toMatch(/are those recorded/);
});
