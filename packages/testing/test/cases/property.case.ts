import { test } from '@jest/globals';
import fc from 'fast-check';

test('no number is large', () => {
  fc.assert(
    fc.property(fc.nat(), (n) => n < 1000),
    { endOnFailure: true },
  );
});
