// What we write, read by the programs it is written for, in a Python of the job's own.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, runFiles, testFiles } from '../jest.js';

const modules = ['numpy', 'pillow', 'pycocotools'];

export const job = {
  name: 'read-back',
  says: `files that are written for others, read by ${modules.join(', ')} (TOCO_TEST_PYTHON, else a virtual environment of the job's own)`,
  run: async ({ folder, log, signal }) => {
    const python = process.env.TOCO_TEST_PYTHON ?? (await pythonIn(join(folder, 'venv'), { log, signal }));
    if (signal.aborted) return '';
    const files = testFiles().filter((file) =>
      readFileSync(join(root, file), 'utf8').includes('findPython('),
    );
    const report = join(folder, 'report.json');
    const code = await runFiles(files, {
      report,
      environment: { TOCO_TEST_PYTHON: python, TOCO_WATCHDOG: '1800' },
      signal,
    });
    if (signal.aborted) return '';
    if (code !== 0) throw new Error('files are read otherwise, as shown above');
    const tests = JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap(
      ({ assertionResults }) => assertionResults,
    );
    const skipped = tests.filter(({ title }) => title.includes('TOCO_TEST_PYTHON')).map(({ title }) => title);
    if (skipped.some((title) => title.includes('skipped: no Python')))
      throw new Error(`${python} does not serve: ${skipped.join('; ')}`);
    const passed = tests.filter(({ status }) => status === 'passed').length;
    return [`${files.length} files, ${passed} tests passed`, ...skipped].join('; ');
  },
};

/** The Python of a virtual environment with the modules, made where it is not there. */
async function pythonIn(venv, { log, signal }) {
  const python = join(venv, 'bin/python');
  if (!existsSync(python)) await run('python3', ['-m', 'venv', venv]);
  log(`pip install ${modules.join(' ')}`);
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...modules]);
  return python;

  async function run(program, args) {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], signal });
    const code = await new Promise((resolve) => child.on('error', () => resolve(1)).on('close', resolve));
    if (code !== 0 && !signal.aborted)
      throw new Error(
        `${program} ${args.join(' ')} failed; the job needs Python 3 with venv, and Python's package index`,
      );
  }
}
