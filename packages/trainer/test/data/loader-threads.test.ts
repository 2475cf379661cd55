import { expect, test } from '@jest/globals';
import { availableParallelism } from 'node:os';
import { loaderThreads } from '../../src/data/loader-threads.js';
import { parseConfig } from '../../src/config/parse-config.js';

test.each([
  [1, 1],
  [2, 1],
  [8, 7],
  [17, 16],
  [192, 16],
])('auto, of %d cores: %d threads, each with a batch to work at', (cores, workers) => {
  expect(loaderThreads({ workers: 'auto', prefetch: 'auto' }, cores)).toEqual({
    workers,
    prefetch: workers + 2,
  });
});

test('numbers are what was asked for; each may be auto alone', () => {
  expect(loaderThreads({ workers: 0, prefetch: 5 }, 8)).toEqual({ workers: 0, prefetch: 5 });
  expect(loaderThreads({ workers: 3, prefetch: 'auto' }, 8)).toEqual({ workers: 3, prefetch: 5 });
  expect(loaderThreads({ workers: 'auto', prefetch: 1 }, 8)).toEqual({ workers: 7, prefetch: 1 });
});

test('a configuration says auto unless told otherwise, and keeps the word: another machine has other cores', () => {
  const { data } = parseConfig({});
  expect(data).toMatchObject({ workers: 'auto', prefetch: 'auto' });
  expect(loaderThreads(data).workers).toBe(Math.min(16, Math.max(1, availableParallelism() - 1)));
  expect(() => parseConfig({ data: { workers: 'many' } })).toThrow(
    'data.workers: give a whole number of threads, 0 to 256, or auto',
  );
  expect(() => parseConfig({ data: { prefetch: 0 } })).toThrow('data.prefetch');
});
