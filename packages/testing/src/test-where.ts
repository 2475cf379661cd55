import type { test as jestTest } from '@jest/globals';

type Test = typeof jestTest;

/**
 * What a test needs may be missing here: `testWhere(test, path !== undefined, 'the goldens are missing')('name', ...)` runs, or is
 * skipped and says why in its name. A test that returns early would count as passed.
 */
export function testWhere(
  test: Test,
  isThere: boolean,
  missing: string,
): (...args: Parameters<Test>) => void {
  return (name, body, timeout) => {
    if (isThere) test(name, body, timeout);
    else test.skip(`${String(name)} (skipped: ${missing})`, body, timeout);
  };
}
