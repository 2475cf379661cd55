#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command } from 'commander';
import { addRuntimeCommands, runCommand } from './commands.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

await runCommand(
  addRuntimeCommands(new Command('toco-runtime'))
    .description('TensorFlow for @toco packages')
    .version(version, '-V, --version', 'print the version'),
);
