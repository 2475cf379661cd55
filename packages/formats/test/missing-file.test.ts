import { expect, test } from '@jest/globals';
import { FormatError, readNpz, readSafetensors, readTorch } from '../src/index.js';

test.each([
  ['safetensors', readSafetensors],
  ['npz', readNpz],
  ['PyTorch', readTorch],
])('a missing %s file is one line', (_, read) => {
  expect(() => read('nowhere/weights')).toThrow(FormatError);
  expect(() => read('nowhere/weights')).toThrow('nowhere/weights: no such file');
});
