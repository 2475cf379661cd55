import { expect, test } from '@jest/globals';
import { gpusOf } from '../src/launch/launch.js';

test('each process gets a GPU of its own, by number unless they are named', () => {
  expect(gpusOf(undefined, 3)).toEqual(['0', '1', '2']);
  expect(gpusOf('4,6,7', 2)).toEqual(['4', '6']);
  expect(gpusOf('GPU-8932f937, GPU-1f22', 2)).toEqual(['GPU-8932f937', 'GPU-1f22']);
});

test.each(['', '-1', '-1,0'])('none is named by %j: all train on the processor', (visible) => {
  expect(gpusOf(visible, 2)).toEqual(['-1', '-1']);
});

test.each([
  ['0', 2, 'CUDA_VISIBLE_DEVICES=0 names 1 device, and --processes is 2: name one for each process'],
  ['0,1,-1,2', 4, 'names 2 devices, and --processes is 4'],
])('%s is too few for %d processes', (visible, processes, line) => {
  expect(() => gpusOf(visible, processes)).toThrow(line);
});
