import { expect, test } from '@jest/globals';
import { isDriverTooOld } from '../src/platform.js';

test.each([
  ['470.256.02', true],
  ['525.60', true],
  ['525.60.11', true],
  ['525.60.13', false],
  ['525.105.17', false],
  ['580.95.05', false],
  ['unknown', false],
])('driver %s: too old for CUDA 12 is %s', (driver, isOld) => {
  expect(isDriverTooOld(driver)).toBe(isOld);
});
