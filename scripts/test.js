// npm test: format, lint, types and all tests; the last line counts them. Where there is no engine, the tests that need none.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { bootstrap, root, run, say } from './bootstrap.js';
import { engineFree } from './engine-free.js';
import { failuresOf } from './failures.js';
import { runFiles } from './jest.js';

// Tests install packages too: certificates, proxies and mirrors of the place must reach them.
const options = ['--continue', '--log-order=grouped', '--env-mode=loose'];
const checks = {
  Format: ['prettier', '--check', '--log-level', 'warn', '.'],
  Lint: ['eslint', '.'],
  Spelling: ['cspell', '--no-progress', '--no-summary'],
  Types: ['tsc', '-b'],
  'Unused files, exports and dependencies': ['knip', '--no-progress'],
};

const hasEngine = await bootstrap();
const counts = { passed: 0, failed: 0, skipped: 0 };
for (const [name, command] of Object.entries(checks)) {
  say(name);
  counts[run('pnpm', ['exec', ...command]) ? 'passed' : 'failed'] += 1;
}
say(process.env.TOCO_SEED === undefined ? 'Tests' : `Tests (TOCO_SEED=${process.env.TOCO_SEED})`);
const { ok, output } = await (hasEngine ? tests() : testsWithoutEngine());
// jest's own summaries; turbo repeats them for packages that did not change since they passed.
for (const [, summary] of output.matchAll(/Tests: +(.*?), \d+ total/g)) {
  for (const [, count, kind] of summary.matchAll(/(\d+) (passed|failed|skipped)/g))
    counts[kind] += Number(count);
}
// A package whose process was ended has no summary: its files are named again, where the reader looks.
const ended = [...output.matchAll(/watchdog: (.*was ended.*)(?:\n.*?in: (.*))?/g)];
counts.failed += ended.length;
for (const [, file, test] of ended) console.log(`\n${file}${test === undefined ? '' : `, in: ${test}`}`);
// A file that could not be loaded counts no tests of its own.
if (!ok && counts.failed === 0) counts.failed = 1;
if (!hasEngine) {
  const { leftOut } = engineFree();
  const list = Object.entries(leftOut).map(([name, count]) => `${name} ${count}`);
  const total = Object.values(leftOut).reduce((sum, count) => sum + count, 0);
  console.log(
    `\nLeft out, since there is no TensorFlow engine here: ${total} test files (${list.join(', ')}).`,
  );
}
for (const report of failuresOf(output)) console.log(`\n${report}`);
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
console.log(`\n${counts.passed} passed, ${counts.failed} failed${skipped}`);
process.exitCode = counts.failed === 0 ? 0 : 1;

/** Runs all packages' tests, showing the output while keeping it. */
function tests() {
  return new Promise((resolve) => {
    let output = '';
    const turbo = spawn('pnpm', ['exec', 'turbo', 'run', 'test', ...options], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const [stream, target] of [
      [turbo.stdout, process.stdout],
      [turbo.stderr, process.stderr],
    ]) {
      stream.setEncoding('utf8').on('data', (text) => {
        target.write(text);
        output += text;
      });
    }
    turbo.on('close', (code) => resolve({ ok: code === 0, output: stripVTControlCharacters(output) }));
  });
}

/** Runs the test files that need no engine in one jest; its summary has the form that turbo's output has. */
async function testsWithoutEngine() {
  const folder = mkdtempSync(join(tmpdir(), 'toco-test-'));
  try {
    const report = join(folder, 'report.json');
    const code = await runFiles(engineFree().chosen, { report });
    const { numPassedTests, numFailedTests, numPendingTests, numTotalTests } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    const counted = `${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`;
    return { ok: code === 0, output: `Tests: ${counted}, ${numTotalTests} total` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
