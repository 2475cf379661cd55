import { expect, test } from '@jest/globals';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './workspace.js';

const { failuresOf } = (await import(pathToFileURL(join(root, 'scripts', 'failures.js')).href)) as {
  failuresOf: (output: string) => string[];
};

/** What turbo shows of jests, two packages one after the other; jest says long failures twice. */
const output = `
@toco/files:test: PASS files test/whole.test.ts
@toco/files:test:   ● Console
@toco/files:test:
@toco/files:test:     console.log
@toco/files:test: FAIL files test/x.test.ts
@toco/files:test:   ● outer › one
@toco/files:test:
@toco/files:test:     Expected: 2
@toco/files:test:     Received: 1
@toco/files:test:
@toco/files:test: Test Suites: 1 failed, 1 passed, 2 total
@toco/files:test: Summary of all failing tests
@toco/files:test: FAIL files test/x.test.ts
@toco/files:test:   ● outer › one
@toco/files:test:
@toco/files:test:     Expected: 2
@toco/example-paper:test: FAIL paper test/y.test.ts
@toco/example-paper:test:   ● Test suite failed to run
@toco/example-paper:test:
@toco/example-paper:test:     Cannot find module 'z'
`;

test('failures are said again with their package, each once', () => {
  expect(failuresOf(output)).toEqual([
    '@toco/files ● outer › one\n\n    Expected: 2\n    Received: 1',
    "@toco/example-paper ● Test suite failed to run\n\n    Cannot find module 'z'",
  ]);
});

test('where nothing failed, nothing is said', () => {
  expect(failuresOf(output.replace(/●.*/g, ''))).toEqual([]);
});

test('a report without end is cut', () => {
  const long = `  ● endless\n${'    line\n'.repeat(1000)}`;
  expect(failuresOf(long)[0]!.split('\n')).toHaveLength(40);
});
