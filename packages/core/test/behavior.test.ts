import { describe, expect, test } from '@jest/globals';
import { corrections, correctionsOf, resolveBehavior } from '@toco/core';

const all = (behavior: 'reference' | 'corrected') =>
  Object.fromEntries(corrections.map((name) => [name, behavior]));

test('one word stands for all corrections, what is left out is corrected', () => {
  expect(correctionsOf('reference')).toEqual(all('reference'));
  expect(correctionsOf('corrected')).toEqual(all('corrected'));
  expect(correctionsOf({ rounding: 'reference' })).toEqual({ ...all('corrected'), rounding: 'reference' });
});

describe('the behavior of a configuration is spelled out', () => {
  test('from a word', () => {
    expect(resolveBehavior({ seed: 1, behavior: 'reference' })).toEqual({
      seed: 1,
      behavior: all('reference'),
    });
  });

  test('from the word and the key of earlier versions, which says what odd sizes become', () => {
    expect(resolveBehavior({ behavior: 'reference', oddSizes: 'corrected' })).toEqual({
      behavior: { ...all('reference'), oddSizes: 'corrected' },
    });
    expect(resolveBehavior({ oddSizes: 'reference' })).toEqual({ behavior: { oddSizes: 'reference' } });
    expect(resolveBehavior({ behavior: { tokenBox: 'reference' }, oddSizes: 'reference' })).toEqual({
      behavior: { tokenBox: 'reference', oddSizes: 'reference' },
    });
  });

  test('and everything else is left as it is, mistakes included', () => {
    for (const input of [
      undefined,
      3,
      [],
      { behavior: 'both' },
      { behavior: 'both', oddSizes: 'reference' },
      { behavior: { tokenBox: 'reference' }, seed: 2 },
    ])
      expect(resolveBehavior(input)).toBe(input);
  });
});
