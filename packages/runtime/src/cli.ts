#!/usr/bin/env node
import { Command } from 'commander';
import { addRuntimeCommands, runCommand } from './commands.js';

await runCommand(
  addRuntimeCommands(new Command('toco-runtime')).description('TensorFlow for @toco packages'),
);
