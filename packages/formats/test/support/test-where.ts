import { test } from '@jest/globals';

/** `test` where something is there; else a test that is skipped and says in its name what is missing. */
export function testWhere(thing: unknown, missing: string): (name: string, body: () => void) => void {
  return (name, body) => {
    if (thing === undefined) test.skip(`${name} (skipped: ${missing})`, body);
    else test(name, body);
  };
}
