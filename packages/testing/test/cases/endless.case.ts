import { describe, test } from '@jest/globals';

describe('a generator', () => {
  test('filters everything away', () => {
    for (let tries = 0; ; tries++) if (tries < 0) break;
  });
});
