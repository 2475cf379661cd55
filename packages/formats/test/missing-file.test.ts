import { expect, test } from '@jest/globals';
import { FormatError } from '../src/format-error.js';
import { readNpz } from '../src/npy/npz.js';
import { readSafetensors } from '../src/safetensors/file.js';
import { readTorch } from '../src/torch/decode.js';

test.each([
  ['safetensors', readSafetensors],
  ['npz', readNpz],
  ['PyTorch', readTorch],
])('a missing %s file is one line', (_, read) => {
  expect(() => read('nowhere/weights')).toThrow(FormatError);
  expect(() => read('nowhere/weights')).toThrow('nowhere/weights: no such file');
});
