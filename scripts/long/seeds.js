// Tests that draw (properties, damaged files), each under fifty seeds.
import { readFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, runFiles, testFiles, timesOf } from '../jest.js';

const draws = /from 'fast-check'|support\/mutate|testSeed/;
const seeds = 50;

export const job = {
  name: 'seeds',
  says: `property tests and damaged files under TOCO_SEED=1 to ${seeds}`,
  run: async ({ folder, log, signal }) => {
    const files = testFiles().filter(
      (file) => !file.includes('packages/testing/') && draws.test(readFileSync(join(root, file), 'utf8')),
    );
    const book = join(folder, 'passed.json');
    const passed = existsSync(book) ? JSON.parse(readFileSync(book, 'utf8')) : {};
    for (let seed = 1; seed <= seeds && !signal.aborted; seed++) {
      if (passed[seed] !== undefined) continue;
      const report = join(folder, `report-${seed}.json`);
      const began = performance.now();
      const code = await runFiles(files, { report, environment: { TOCO_SEED: String(seed) }, signal });
      if (signal.aborted) return '';
      if (code !== 0) throw new Error(`TOCO_SEED=${seed} fails, as shown above`);
      const [slowest] = timesOf(report).tests;
      passed[seed] = { seconds: (performance.now() - began) / 1000, slowest };
      writeFileSync(book, JSON.stringify(passed, undefined, 2));
      log(`seed ${seed}: ${passed[seed].seconds.toFixed(1)} s, the slowest ${line(slowest)}`);
    }
    const slowest = Object.entries(passed).sort(([, a], [, b]) => b.slowest.seconds - a.slowest.seconds)[0];
    return `${files.length} files under ${seeds} seeds; the slowest test: ${line(slowest[1].slowest)}, seed ${slowest[0]}`;
  },
};

const line = ({ name, seconds }) => `${name} (${seconds.toFixed(1)} s)`;
