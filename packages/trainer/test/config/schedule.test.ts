import { describe, expect, test } from '@jest/globals';
import { parseConfig } from '../../src/config/parse-config.js';
import { scheduleWarnings } from '@toco/method';

const weights = { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0, reg: 0 };

describe('shares of the length', () => {
  test('become iterations', () => {
    const phases = [
      { from: '0%', weights },
      { from: '10%', weights: { ...weights, seg: 0.1 } },
      { from: ' 33.3 % ', weights },
      { from: 1500, weights },
    ];
    const { optimizer, phases: resolved } = parseConfig({
      optimizer: { iterations: 2000, warmup: '7.5%' },
      phases,
    });
    expect(optimizer.warmup).toBe(150);
    expect(resolved.map(({ from }) => from)).toEqual([0, 200, 666, 1500]);
  });

  test('refer to the default length where none is given', () => {
    expect(parseConfig({ optimizer: { warmup: '10%' } }).optimizer.warmup).toBe(2000);
  });

  test.each(['101%', '1000 %'])('%s is refused', (warmup) => {
    expect(() => parseConfig({ optimizer: { warmup } }, 'voc.yaml')).toThrow(
      `voc.yaml: optimizer.warmup: ${warmup} is beyond 100% of the schedule.`,
    );
  });

  test.each(['ten', '-5%', '%', '10'])('%s is no share', (from) => {
    expect(() => parseConfig({ phases: [{ from, weights }] })).toThrow(
      /^config: phases\.0\.from is text; write a number \(first iteration/,
    );
  });
});

describe('a schedule that plans beyond its end', () => {
  const warningsOf = (optimizer: object, phases?: object[]): string[] =>
    scheduleWarnings(parseConfig({ optimizer, ...(phases && { phases }) }));

  test('the default is quiet', () => {
    expect(warningsOf({})).toEqual([]);
    expect(warningsOf({ iterations: 2002, warmup: 2001 })).toEqual([]);
  });

  test('names the terms that never come on', () => {
    expect(warningsOf({ iterations: 2001 })).toEqual([
      expect.stringMatching(
        /^Warning: optimizer.iterations is 2001, .* iteration 2001, .* never trained: seg, reg .*"from: 10%"\.$/,
      ),
    ]);
  });

  test('a phase that never begins without a term of its own is named, too', () => {
    const lines = warningsOf({ iterations: 100, warmup: 0 }, [
      { from: 0, weights },
      { from: 150, weights },
    ]);
    expect(lines).toEqual([expect.stringContaining('phases begin at iteration 150. Train longer')]);
  });

  test('a phase that ends as it begins is named, as a share of a short run may be', () => {
    const phases = [
      { from: 0, weights },
      { from: '10%', weights: { ...weights, seg: 0.1 } },
    ];
    expect(warningsOf({ iterations: 4, warmup: 0 }, phases)).toEqual([
      'Warning: phases.0 never holds, since phases.1 begins at iteration 0, too. Let it begin later, or leave one of the two out.',
    ]);
    expect(warningsOf({ iterations: 10, warmup: 0 }, phases)).toEqual([]);
  });

  test('a warm-up as long as the run', () => {
    const all = [{ from: 0, weights }];
    expect(warningsOf({ iterations: 1500 }, all)).toEqual([
      expect.stringMatching(/^Warning: optimizer.warmup \(1500\) is not shorter/),
    ]);
    expect(warningsOf({ iterations: 1501 }, all)).toEqual([]);
  });
});
