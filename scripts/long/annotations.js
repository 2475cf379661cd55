// The libraries of annotation tools read what is written for them; they are installed into a virtual environment first.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runFiles, timesOf } from '../jest.js';

/** labelme without its window and its models: what reading and drawing import. */
const packages = {
  whole: ['numpy', 'pillow', 'pycocotools', 'loguru'],
  alone: ['labelme'],
};

export const job = {
  name: 'annotations',
  says: "LabelMe's and COCO's own libraries read what is written for them",
  run: async ({ folder, signal, log }) => {
    const python = join(folder, 'venv', 'bin', 'python');
    execFileSync('python3', ['-m', 'venv', join(folder, 'venv')]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-input'];
    execFileSync(python, [...pip, ...packages.whole]);
    execFileSync(python, [...pip, '--no-deps', ...packages.alone]);
    log('labelme and pycocotools are installed');
    const report = join(folder, 'report.json');
    const files = [
      'packages/datasets/test/annotations/read-by-tools.test.ts',
      'packages/datasets/test/annotations/written-for-others.test.ts',
    ];
    const code = await runFiles(files, { report, environment: { TOCO_TEST_PYTHON: python }, signal });
    if (signal.aborted) return '';
    if (code !== 0) throw new Error('a tool reads something else, as shown above');
    const { numPassedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
    if (numPendingTests > 0)
      throw new Error(`${numPendingTests} tests were skipped: a module can't be imported`);
    return `${numPassedTests} tests in ${timesOf(report).files.length} files`;
  },
};
