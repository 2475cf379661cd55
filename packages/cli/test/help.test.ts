import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { here, toco } from './run-toco.js';

/** Names of the commands that a help lists. */
const commandsIn = (help: string): string[] =>
  [.../\nCommands:\n([\s\S]*?)\n\n/.exec(help)![1]!.matchAll(/^ {2}(\w+)/gm)]
    .map(([, name]) => name!)
    .filter((name) => name !== 'help');

test('every command has a help with an example, in black and white where nobody reads it on a terminal', async () => {
  const { stdout: help, status } = await toco(['--help'], { env: { FORCE_COLOR: '' } });
  expect(status).toBe(0);
  const commands = commandsIn(help);
  expect(commands).toContain('init');
  for (const command of commands) {
    const { stdout } = await toco([command, '--help']);
    expect({
      command,
      example: /\n *Examples?:?.*\n +toco \w/.test(stdout),
      usage: stdout.includes(`toco ${command}`),
    }).toEqual({
      command,
      example: true,
      usage: true,
    });
    expect(stdout).not.toContain('\x1b');
    expect(stdout).not.toContain('[])');
  }
  expect(help).not.toContain('\x1b');
}, 300_000);

test('exit statuses stand in the help and in the documents, the same', async () => {
  const { stdout } = await toco(['--help']);
  const statuses = [...stdout.matchAll(/^ {2}(\d+) {2,}\w/gm)].map(([, status]) => Number(status));
  expect(statuses).toEqual([0, 1, 3, 129, 130, 143]);
  const document = readFileSync(here('../../../docs/command.md'), 'utf8');
  const rows = [...document.matchAll(/^\| (\d+) +\|/gm)].map(([, status]) => Number(status));
  expect(rows).toEqual([0, 1, 3, 129, 130, 143]);
});

test('a command that is none ends with 1, and a word about help', async () => {
  const outcome = await toco(['trian']);
  expect(outcome).toMatchObject({ status: 1, stdout: '' });
  expect(outcome.stderr).toMatch(/unknown command 'trian'[\s\S]*Did you mean train\?/);
});
