import { expect, test } from '@jest/globals';
import { assertKeys } from '../src/assert-keys.js';

test('an unknown option is refused in one line, with the nearest or with all that there are', () => {
  const known = ['folder', 'signal'];
  expect(() => {
    assertKeys('train', { signl: 1, folder: 'a' }, known);
  }).toThrow(new Error('train: unknown option signl; did you mean signal?'));
  expect(() => {
    assertKeys('train', { quite_another: 1 }, known);
  }).toThrow(new Error('train: unknown option quite_another; there are folder, signal.'));
  assertKeys('train', { folder: undefined }, known);
});
