// Runs tests of several packages in one jest, straight from their sources.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import config from '../jest.config.js';

export const root = fileURLToPath(new URL('..', import.meta.url));
const jest = join(root, 'node_modules/jest/bin/jest.js');

/** All test files as paths from the root, in order. */
export function testFiles() {
  return config.projects
    .flatMap(({ rootDir }) =>
      readdirSync(join(rootDir, 'test'), { recursive: true })
        .filter((file) => file.endsWith('.test.ts'))
        .map((file) => relative(root, join(rootDir, 'test', file)).replaceAll('\\', '/')),
    )
    .sort();
}

/**
 * Runs these files. jest's report is written to `report`; `signal` ends it, and gives exit status `null`. What it prints is
 * shown, or given to `show`.
 */
export function runFiles(files, { report, environment = {}, signal, show, workers = 2 }) {
  const paths = files.map((file) => join(root, file));
  const projects = config.projects
    .filter(({ rootDir }) => paths.some((path) => path.startsWith(join(rootDir, 'test', '/'))))
    .map(({ displayName }) => displayName);
  const args = ['--runTestsByPath', ...paths, '--selectProjects', ...projects];
  const output = ['--json', `--outputFile=${report}`, '--silent', '--maxWorkers', String(workers)];
  const child = spawn(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', jest, ...args, ...output],
    {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', show === undefined ? 'inherit' : 'pipe'],
      signal,
      killSignal: 'SIGTERM',
    },
  );
  child.on('error', () => undefined);
  child.stderr?.setEncoding('utf8').on('data', show);
  return new Promise((resolve) => child.on('close', (code) => resolve(code)));
}

/** Seconds of each file and of each test of a report, the longest first. */
export function timesOf(report) {
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const byTime = (a, b) => b.seconds - a.seconds;
  const files = testResults.map(({ name, startTime, endTime }) => ({
    name: name.slice(root.length),
    seconds: (endTime - startTime) / 1000,
  }));
  const tests = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((test) => ({
      name: `${name.slice(root.length)}: ${test.fullName}`,
      seconds: (test.duration ?? 0) / 1000,
    })),
  );
  return { files: files.sort(byTime), tests: tests.sort(byTime) };
}
