// Runs the commands of documents, one after the other, in a world that is made for them: all in one process, which loads
// TensorFlow once. Each document has a copy of that world. Reads { folder, repository, report, commands: { document, toco?, shell?,
// module? }[] }, writes [{ ok, output }] to `report`.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { settingsApart } from '../../cli/dist/commands/settings-apart.js';
import { tocoProgram } from '../../cli/dist/program.js';
import { makeWorld, small } from './world.js';

const { folder, repository, commands, report } = JSON.parse(readFileSync(process.argv[2], 'utf8'));

/** What a command makes anew is not there yet where a reader follows its document. */
function makeRoom([command, ...args]) {
  const at = args.findIndex((each) => each === '--out' || each === '-o');
  if (command === 'train') rmSync(at < 0 ? 'runs/toco' : args[at + 1], { recursive: true, force: true });
  if (command === 'init') rmSync('toco.yaml', { force: true });
}

/** Runs one command here; what it prints goes to `output`. */
async function toco(args) {
  let output = '';
  const write = { out: process.stdout.write, err: process.stderr.write };
  const keep = (chunk, ...rest) => {
    output += chunk.toString();
    rest.find((each) => typeof each === 'function')?.();
    return true;
  };
  process.stdout.write = keep;
  process.stderr.write = keep;
  process.exitCode = undefined;
  const began = process.cpuUsage();
  try {
    // Ends the command, not the process that runs all of them.
    const program = tocoProgram();
    for (const each of [program, ...program.commands]) each.exitOverride();
    makeRoom(args);
    // A recipe for a GPU ends within seconds.
    const given = args[0] === 'train' ? [...args, '--set', ...small] : args;
    await program.parseAsync(settingsApart(given), { from: 'user' });
    return { ok: (process.exitCode ?? 0) === 0, output };
  } catch (error) {
    return { ok: false, output: `${output}${error.stack}` };
  } finally {
    process.stdout.write = write.out;
    process.stderr.write = write.err;
    process.exitCode = undefined;
    if (process.env.TOCO_TIMES) {
      const { user, system } = process.cpuUsage(began);
      console.error(`${((user + system) / 1e6).toFixed(1)} s of CPU  toco ${args.join(' ').slice(0, 100)}`);
    }
  }
}

/** Words of a command line: quotes and globs as the shell takes them. */
function words(text) {
  const { stdout } = spawnSync('sh', ['-c', `printf '%s\\0' ${text}`], { encoding: 'utf8' });
  return stdout.split('\0').slice(0, -1);
}

/** Pipes and programs of others; `toco` is a process there. */
function inShell(command) {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    encoding: 'utf8',
    env: { ...process.env, PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter) },
  });
  return { ok: status === 0, output: stdout + stderr };
}

/** A program of a document; what it logs is its output. */
async function program(module) {
  let output = '';
  const { log } = console;
  console.log = (...values) => (output += `${format(...values)}\n`);
  try {
    await import(pathToFileURL(module).href);
    return { ok: true, output };
  } catch (error) {
    return { ok: false, output: `${output}${error.stack}` };
  } finally {
    console.log = log;
  }
}

mkdirSync(join(folder, 'bin'));
writeFileSync(
  join(folder, 'bin/toco'),
  `#!/bin/sh\nexec "${process.execPath}" "${join(repository, 'packages/cli/bin/toco.js')}" "$@"\n`,
  { mode: 0o755 },
);
const world = join(folder, 'world');
mkdirSync(world);
await makeWorld(world, repository, async (args) => {
  const { ok, output } = await toco(args);
  if (!ok) throw new Error(`toco ${args.join(' ')}\n${output}`);
});
const results = [];
let current;
for (const { document, toco: written, shell, module } of commands) {
  if (document !== current) {
    current = document;
    const place = join(folder, document.replaceAll('/', '-'));
    cpSync(world, place, { recursive: true, verbatimSymlinks: true });
    process.chdir(place);
  }
  if (written !== undefined) results.push(await toco(words(written)));
  else results.push(module === undefined ? inShell(shell) : await program(module));
}
writeFileSync(report, JSON.stringify(results));
// threads of the commands are still there
process.exit(0);
