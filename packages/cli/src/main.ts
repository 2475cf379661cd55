#!/usr/bin/env node
import { errorText } from '@toco/files';
import { outliveClosedOutput } from './commands/closed-output.js';
import { settingsApart } from './commands/settings-apart.js';
import { tocoProgram } from './program.js';

outliveClosedOutput();

// The single door where errors leave: a user's mistake is one line, a fault of ours comes with its stack.
try {
  await tocoProgram().parseAsync(settingsApart(process.argv.slice(2)), { from: 'user' });
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  process.exitCode ??= 1;
}
