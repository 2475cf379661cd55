// Readers of files, each under ten thousand damaged ones and more.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, runFiles, testFiles, timesOf } from '../jest.js';

const inputs = 10_000;

export const job = {
  name: 'formats',
  says: `readers of files under ${inputs} damaged inputs of each kind (a tenth of that in npm test)`,
  run: async ({ folder, signal }) => {
    const files = testFiles().filter((file) =>
      /support\/mutate|mutationCount/.test(readFileSync(join(root, file), 'utf8')),
    );
    const report = join(folder, 'report.json');
    const code = await runFiles(files, { report, environment: { TOCO_MUTATIONS: String(inputs) }, signal });
    if (signal.aborted) return '';
    if (code !== 0) throw new Error('readers fail, as shown above');
    const [slowest] = timesOf(report).tests;
    return `${files.length} files of tests, ${inputs} inputs each; the slowest: ${slowest.name} (${slowest.seconds.toFixed(1)} s)`;
  },
};
