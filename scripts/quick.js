// npm run test:quick: types, and the shortest test files first, as many as fit into two minutes on two cores.
// npm run test:quick -- --measure [words]: measures all test files, or those with a word in their paths.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { root, runFiles, testFiles, timesOf } from './jest.js';

const path = join(root, 'scripts/test-times.json');
/** Seconds of all files together; two run at a time, and jest takes some for itself. */
const budget = 150;
const limit = 120;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { measure: { type: 'boolean', default: false } },
});
const folder = mkdtempSync(join(tmpdir(), 'toco-quick-'));
try {
  if (values.measure) await measure();
  else await quick();
} finally {
  rmSync(folder, { recursive: true });
}

async function quick() {
  const began = performance.now();
  const types = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], {
    cwd: root,
    stdio: 'inherit',
  });
  const times = readTimes();
  const report = join(folder, 'report.json');
  const all = testFiles();
  const chosen = fitting(all, times);
  const code = await runFiles(chosen, { report });
  const seconds = (performance.now() - began) / 1000;
  console.log(`\n${chosen.length} of ${all.length} test files, ${seconds.toFixed(0)} s`);
  if (seconds > limit) {
    const [longest, second, third] = timesOf(report).files;
    const named = [longest, second, third]
      .filter(Boolean)
      .map((file) => `${file.name} ${file.seconds.toFixed(1)} s`);
    console.log(
      `That is more than ${limit} s, the longest being ${named.join(', ')}: on an idle machine, run npm run test:quick -- --measure.`,
    );
  }
  process.exitCode = types.status === 0 && code === 0 ? 0 : 1;
}

/** New files have no time yet and are run; `null` stands for what takes longer than anybody waits while working. */
function fitting(files, measured) {
  const times = timesOfAll(files, measured);
  const known = files.filter((file) => typeof times[file] === 'number').sort((a, b) => times[a] - times[b]);
  let sum = 0;
  const short = known.filter((file) => (sum += times[file]) <= budget);
  return [...files.filter((file) => times[file] === undefined), ...short];
}

/** A file that moved takes as long as before: the longest that is known of its name. */
function timesOfAll(files, measured) {
  const ofName = {};
  for (const [file, time] of Object.entries(measured)) {
    const name = basename(file);
    const [a, b] = [time ?? Infinity, ofName[name] ?? 0];
    ofName[name] = Math.max(a, b);
  }
  const found = (file) => (file in measured ? (measured[file] ?? Infinity) : ofName[basename(file)]);
  return Object.fromEntries(files.map((file) => [file, found(file)]));
}

async function measure() {
  const files = testFiles();
  const chosen = files.filter(
    (file) => positionals.length === 0 || positionals.some((word) => file.includes(word)),
  );
  const report = join(folder, 'report.json');
  // one by one, so that files don't wait for each other
  await runFiles(chosen, { report, workers: 1 });
  const times = readTimes();
  for (const { name, seconds } of timesOf(report).files) times[name] = Math.round(seconds * 10) / 10;
  const kept = Object.entries(times).filter(([file]) => files.includes(file));
  kept.sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(kept), undefined, 2)}\n`);
}

function readTimes() {
  return JSON.parse(readFileSync(path, 'utf8'));
}
