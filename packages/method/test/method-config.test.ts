import { describe, expect, test } from '@jest/globals';
import { lossTerms, phaseSchema, stepConfig, stepConfigSchema } from '@toco/method';

describe('the configuration of a step', () => {
  test('knows the terms of the loss, and no others', () => {
    expect(Object.keys(phaseSchema.shape.weights.shape)).toEqual([...lossTerms]);
    const measured = lossTerms.map((term) => ({
      from: 0,
      weights: stepConfig().phases[0]!.weights,
      measure: [term],
    }));
    expect(stepConfig({ phases: measured }).phases.map(({ measure }) => measure?.[0])).toEqual([
      ...lossTerms,
    ]);
  });

  test('names the nearest key where one is unknown', () => {
    const typed = { optimizer: { wieghtDecay: 0.1 } } as Parameters<typeof stepConfig>[0];
    expect(() => stepConfig(typed)).toThrow(
      'stepConfig: unknown key optimizer.wieghtDecay; did you mean optimizer.weightDecay?',
    );
  });

  test('says where a value is out of range, in one line', () => {
    expect(() => stepConfig({ cam: { low: 2 } })).toThrow(
      'stepConfig: cam.low is too large; write a number of at most 1 (β_l: at most this is background).',
    );
    expect(stepConfig({ numClasses: 3 })).toEqual(stepConfigSchema.parse({ numClasses: 3 }));
  });

  const five = { cls: 1, clsAux: 1, ctc: 0.5, seg: 0, reg: 0 };
  test.each<[object, string]>([
    [
      { phases: [{ from: 0, weights: five }] },
      'phases.0.weights has no ptc (patch-token contrast (paper eq. 3)); write a weight for each of cls, clsAux, ptc, ctc, seg, reg, 0 where a term is off.',
    ],
    [
      { phases: [{ from: 0, weights: { ...five, pct: 0.2 } }] },
      'phases.0.weights has no ptc (patch-token contrast (paper eq. 3)); did you mean it by pct? Write a weight for each of',
    ],
    [{ phases: [{ from: 0 }] }, 'phases.0.weights is missing; write an object of keys.'],
    [{ phases: { from: 0 } }, 'phases is an object of keys; write a list.'],
    [{ phases: [] }, 'phases is too short; write at least 1 of its values.'],
    [
      { phases: [{ from: 0, weights: { ...five, ptc: '1' } }] },
      'phases.0.weights.ptc is text; write a number (',
    ],
    [
      { phases: [{ from: 0, weights: { ...five, ptc: -1 } }] },
      'phases.0.weights.ptc is too small; write a number of at least 0 (',
    ],
    [
      { phases: [{ from: 0, weights: { ...five, ptc: 1, mine: 'a' } }] },
      'phases.0.weights.mine is text; write a number.',
    ],
    [{ averages: { slow: {} } }, 'averages.slow.momentum is missing; write a number (ρ: average ← '],
    [{ numClasses: 1.5 }, 'numClasses is no whole number; write a whole number (foreground classes C).'],
    [{ optimizer: { lr: Number.NaN } }, 'optimizer.lr is not a number; write a number.'],
    [{ optimizer: { lr: 0 } }, 'optimizer.lr is too small; write a number larger than 0.'],
    [
      { ptc: { cosine: 'plain' } },
      'ptc.cosine is none of the values that there are; write absolute or signed (',
    ],
    [
      { phases: [{ from: 0, weights: { ...five, ptc: 1 }, cam: { high: 'x' } }] },
      'phases.0.cam.high is neither; write a number or a list (β_h of this phase',
    ],
    [{ behavior: 3 }, 'behavior: write reference, corrected, or one of the two for each of'],
  ])('%j is told in one line of plain words', (input, line) => {
    expect(() => stepConfig(input)).toThrow(`stepConfig: ${line}`);
    expect(() => stepConfig(input)).toThrow(/^[^\n]+[.?]$/);
    expect(() => stepConfig(input)).not.toThrow(/Invalid|expected|received|undefined/);
  });
});
