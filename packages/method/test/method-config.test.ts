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
    expect(() => stepConfig({ cam: { low: 2 } })).toThrow(/^stepConfig: cam\.low: [^\n]+\.$/);
    expect(stepConfig({ numClasses: 3 })).toEqual(stepConfigSchema.parse({ numClasses: 3 }));
  });
});
