import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { quote } from '../src/format-error.js';

test('any name fits one short line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => {
      const quoted = quote(name);
      // eslint-disable-next-line no-control-regex
      expect(quoted).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      expect(quoted.length).toBeLessThan(80);
      if (name.length <= 10) expect(JSON.parse(quoted)).toBe(name);
    }),
    { numRuns: 1_000 },
  );
});
