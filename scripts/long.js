// npm run test:long -- [--list] [--again] [names]: jobs that take up to an hour each, one after the other.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { stateOf } from './long-state.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = fileURLToPath(new URL('long-job.js', import.meta.url));
const mostMinutes = 60;
/** So long a job may take to come to an end after Ctrl-C. */
const patience = 30_000;

const { values, positionals } = argumentsOf({
  allowPositionals: true,
  options: {
    list: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    // tests have jobs and results of their own
    jobs: { type: 'string', default: fileURLToPath(new URL('long', import.meta.url)) },
    runs: { type: 'string', default: join(root, 'runs', 'long') },
  },
});
const runs = resolve(values.runs);
const book = join(runs, 'results.json');

const jobs = await jobsIn(resolve(values.jobs));
const unknown = positionals.filter((name) => !jobs.has(name));
if (unknown.length > 0) {
  console.error(`There is no job "${unknown[0]}": choose among ${[...jobs.keys()].join(', ')}.`);
  process.exit(2);
}
const results = existsSync(book) ? JSON.parse(readFileSync(book, 'utf8')) : {};

if (values.list) {
  for (const [name, { says }] of jobs) console.log(`${name}: ${says}\n  ${lastOf(results[name])}`);
} else {
  const state = stateOf(root);
  if (!state.clean)
    console.log('The folder differs from its commit: what passes now is run again next time.');
  let failed = 0;
  for (const name of positionals.length > 0 ? positionals : jobs.keys()) {
    const passed = results[name]?.passed;
    if (!values.again && state.clean && passed?.commit === state.commit) {
      console.log(`${name}: passed at this commit already (${passed.figures}); --again runs it anyhow`);
      continue;
    }
    const outcome = await run(name, state);
    results[name] = {
      ...results[name],
      last: { ...outcome, commit: state.commit, clean: state.clean, at: new Date().toISOString() },
    };
    if (outcome.result === 'passed' && state.clean) results[name].passed = results[name].last;
    remember();
    console.log(`${name}: ${lastOf(results[name])}`);
    if (outcome.result === 'interrupted') {
      console.log(`The same command${values.again ? ' without --again' : ''} continues it.`);
      process.exit(130);
    }
    if (outcome.result !== 'passed') failed++;
  }
  process.exitCode = failed === 0 ? 0 : 1;
}

function argumentsOf(options) {
  try {
    return parseArgs(options);
  } catch (error) {
    console.error(
      `${error.message.split('.')[0]}. Usage: npm run test:long -- [--list] [--again] [names of jobs]`,
    );
    process.exit(2);
  }
}

/** One file is one job; its name is the file's. */
async function jobsIn(folder) {
  const files = readdirSync(folder).filter((file) => file.endsWith('.js'));
  const found = new Map();
  for (const file of files.sort()) {
    const path = join(folder, file);
    const { job } = await import(pathToFileURL(path));
    if (job?.name !== file.slice(0, -3) || typeof job.run !== 'function') {
      throw new Error(`${path} exports no job { name: '${file.slice(0, -3)}', says, run }`);
    }
    found.set(job.name, { ...job, path });
  }
  return found;
}

/**
 * Runs a job in a process of its own, which is ended when its time is over. Its folder is kept until it passes at this
 * state of the code, so that another attempt continues; folders of other states go.
 */
async function run(name, { key }) {
  const { path, says, minutes = mostMinutes } = jobs.get(name);
  const limit = Math.min(minutes, mostMinutes) * 60_000;
  const place = join(runs, name);
  const folder = join(place, key);
  mkdirSync(place, { recursive: true });
  for (const other of readdirSync(place)) {
    if (other !== key || values.again) rmSync(join(place, other), { recursive: true });
  }
  const result = join(runs, `${name}.result.json`);
  rmSync(result, { force: true });
  console.log(`\n▸ ${name}: ${says}`);
  const began = performance.now();
  const child = spawn(process.execPath, [program, path, folder, result], {
    cwd: root,
    // a group of its own: what the job starts ends with it, and Ctrl-C reaches it once, from here
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  let reason;
  const end = (why, signal) => {
    reason ??= why;
    signalGroup(child, signal);
  };
  const timers = [setTimeout(() => end('over its time', 'SIGKILL'), limit)];
  const interrupt = () => {
    end('interrupted', 'SIGINT');
    timers.push(setTimeout(() => signalGroup(child, 'SIGKILL'), patience));
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const code = await new Promise((ended) => child.on('close', (status, signal) => ended(status ?? signal)));
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  timers.forEach(clearTimeout);
  signalGroup(child, 'SIGKILL');

  const seconds = Math.round((performance.now() - began) / 1000);
  if (reason === 'over its time') {
    return {
      result: 'failed',
      seconds,
      figures: `ended after its ${minutes} minutes; its folder is ${folder}`,
    };
  }
  if (reason === 'interrupted' || code === 130) return { result: 'interrupted', seconds, figures: '' };
  if (code !== 0 || !existsSync(result)) {
    return { result: 'failed', seconds, figures: `exit ${code}; its folder is ${folder}` };
  }
  const { figures } = JSON.parse(readFileSync(result, 'utf8'));
  rmSync(place, { recursive: true });
  rmSync(result);
  return { result: 'passed', seconds, figures };
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // all of it has ended
  }
}

/** Whole or not at all: an interruption must not cost what is remembered. */
function remember() {
  mkdirSync(runs, { recursive: true });
  writeFileSync(`${book}.new`, `${JSON.stringify(results, undefined, 2)}\n`);
  renameSync(`${book}.new`, book);
}

function lastOf(entry) {
  if (entry === undefined) return 'never run';
  const line = ({ result, commit, clean, at, seconds, figures }) =>
    `${result} at ${commit?.slice(0, 9) ?? 'no commit'}${clean ? '' : ' with changes'}, ${at.slice(0, 16)}, ${seconds} s${figures === '' ? '' : `: ${figures}`}`;
  const { passed, last } = entry;
  const older = passed !== undefined && passed.at !== last.at ? `; ${line(passed)}` : '';
  return line(last) + older;
}
