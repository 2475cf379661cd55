import { describe, expect, test } from '@jest/globals';
import { batchSchedule } from '../../src/loader/batch-schedule.js';

describe('batchSchedule', () => {
  const options = { length: 11, batchSize: 4, seed: 3 };

  test('an epoch has whole batches of different samples, and the next one another order', () => {
    const schedule = batchSchedule(options);
    expect(schedule.batchesPerEpoch).toBe(2);
    const epochs = [0, 1, 2, 3, 4, 5, 6, 7].map((epoch) => [
      ...schedule.at(epoch * 2).indices,
      ...schedule.at(epoch * 2 + 1).indices,
    ]);
    for (const epoch of epochs) {
      expect(new Set(epoch).size).toBe(8);
      expect(epoch.every((index) => index >= 0 && index < 11)).toBe(true);
    }
    expect(new Set(epochs.map(String)).size).toBe(8);
    // What one epoch leaves out is not always the same.
    expect(new Set(epochs.flat()).size).toBe(11);
  });

  test('the batch of an iteration does not depend on those asked for before', () => {
    const forward = batchSchedule(options);
    const all = Array.from({ length: 9 }, (_, t) => forward.at(t));
    expect(batchSchedule(options).at(7)).toEqual(all[7]);
    expect(forward.at(2)).toEqual(all[2]);
    expect(all[7]).toMatchObject({ iteration: 7, epoch: 3 });
    expect(batchSchedule({ ...options, seed: 4 }).at(7)).not.toEqual(all[7]);
  });

  test('too few samples are refused', () => {
    expect(() => batchSchedule({ length: 3, batchSize: 4, seed: 0 })).toThrow(
      '3 images do not fill one batch of 4; add images or make batchSize smaller',
    );
  });
});
