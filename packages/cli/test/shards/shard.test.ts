import { describe, expect, test } from '@jest/globals';
import { parseShard, placesOf } from '../../src/shards/shard.js';

test('parts are disjoint, together the list, and as long as one another but for one', () => {
  for (const length of [0, 1, 2, 7, 30]) {
    for (const count of [1, 2, 3, 8, 40]) {
      const parts = Array.from({ length: count }, (_, index) => placesOf({ index, count }, length));
      expect(parts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
      const lengths = parts.map((part) => part.length);
      expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
    }
  }
});

describe('--shard', () => {
  test('names a part', () => {
    expect(parseShard('2/3', {})).toEqual({ index: 2, count: 3 });
  });

  test.each([
    ['3/3', {}, '--shard 3/3: there is no part 3 of 3; parts count from 0 to 2.'],
    ['0/0', {}, 'there is no part 0 of 0'],
    ['1', {}, '--shard 1: give part and number of parts, from 0, such as 0/4, or auto.'],
    ['-1/3', {}, 'give part and number'],
    ['auto', {}, 'no scheduler tells an index here (Slurm job array'],
    [
      'auto',
      { JOB_COMPLETION_INDEX: '1' },
      'Kubernetes indexed job tells the index (1) but not the number of parts',
    ],
    ['auto/1', { JOB_COMPLETION_INDEX: '1' }, 'there is no part 1 of 1'],
    // Ranks within a task of an array don't stand for the array.
    [
      'auto',
      { PBS_ARRAY_INDEX: '1', PMI_RANK: '0', PMI_SIZE: '2' },
      'PBS job array tells the index (1) but not the number of parts; write it, such as auto/8.',
    ],
    [
      'auto',
      { LSB_JOBINDEX: '4', LSB_JOBINDEX_END: '8', LSB_JOBINDEX_STEP: '2' },
      "LSF job array: its ids, 4 in steps of 2, don't begin with 1; submit it with ids such as [1-8].",
    ],
    [
      'auto',
      {
        SLURM_ARRAY_TASK_ID: '3',
        SLURM_ARRAY_TASK_MIN: '1',
        SLURM_ARRAY_TASK_MAX: '9',
        SLURM_ARRAY_TASK_COUNT: '3',
      },
      'are not the 3 of the array; give it ids without gaps, such as 0-2.',
    ],
  ])('%s with %j is refused', (text, environment, line) => {
    expect(() => parseShard(text, environment as Record<string, string>)).toThrow(line);
  });

  const slurm = { SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_MAX: '7', SLURM_ARRAY_TASK_STEP: '2' };
  test.each([
    [{ ...slurm, SLURM_ARRAY_TASK_ID: '5', SLURM_ARRAY_TASK_COUNT: '4' }, 2, 4],
    [{ ...slurm, SLURM_ARRAY_TASK_ID: '1', SLURM_PROCID: '9', SLURM_NTASKS: '10' }, 0, 4],
    [{ SGE_TASK_ID: '2', SGE_TASK_FIRST: '1', SGE_TASK_LAST: '6', SGE_TASK_STEPSIZE: '1' }, 1, 6],
    [{ LSB_JOBINDEX: '8', LSB_JOBINDEX_END: '8', LSB_JOBINDEX_STEP: '1', PMI_RANK: '0' }, 7, 8],
    [{ LSB_JOBINDEX: '5', LSB_JOBINDEX_END: '8', LSB_JOBINDEX_STEP: '2' }, 2, 4],
    // LSF says 0 outside of arrays.
    [{ LSB_JOBINDEX: '0', LSB_JOBINDEX_END: '0', PMI_RANK: '3', PMI_SIZE: '4' }, 3, 4],
    [{ AWS_BATCH_JOB_ARRAY_INDEX: '9', AWS_BATCH_JOB_ARRAY_SIZE: '10' }, 9, 10],
    [{ CLOUD_RUN_TASK_INDEX: '0', CLOUD_RUN_TASK_COUNT: '2' }, 0, 2],
    [{ OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '2' }, 1, 2],
    [{ RANK: '1', WORLD_SIZE: '2' }, 1, 2],
    [{ SLURM_PROCID: '1', SLURM_NTASKS: '2' }, 1, 2],
    // Grid Engine says "undefined" outside of arrays.
    [{ SGE_TASK_ID: 'undefined', RANK: '0', WORLD_SIZE: '1' }, 0, 1],
  ])('auto with %j', (environment, index, count) => {
    expect(parseShard('auto', environment as Record<string, string>)).toEqual({ index, count });
  });

  test('auto/8 where the index alone is told', () => {
    expect(parseShard('auto/8', { JOB_COMPLETION_INDEX: '3' })).toEqual({ index: 3, count: 8 });
    expect(parseShard('auto/8', { PBS_ARRAY_INDEX: '7' })).toEqual({ index: 7, count: 8 });
    expect(parseShard('auto/8', { LSB_JOBINDEX: '1' })).toEqual({ index: 0, count: 8 });
  });
});
