import { beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { limits } from '../bundles/bundle.js';
import { root } from './workspace.js';

/** What `browser/page.js` answers on one backend. */
interface Answer {
  readonly backend: string;
  readonly terms: Readonly<Record<string, number>>;
  readonly segmented: { readonly labels: number[]; readonly cam: number[]; readonly scores: number[] };
  readonly prediction: { readonly numbers: number[]; readonly labels: number[]; readonly shape: number[] };
}

const { stdout, stderr, status } = spawnSync(
  process.execPath,
  [join(root, 'packages/packaging/browser/run-page.js')],
  { encoding: 'utf8', maxBuffer: 2 ** 26, timeout: 240_000 },
);
// A computer on which the browser does not start skips these tests; where everything has to be tried, that is a failure.
const inBrowser = status === 3 && process.env['CI'] !== 'true' ? describe.skip : describe;

inBrowser('in headless Chromium', () => {
  let answers: { cpu: Answer; wasm: Answer; exported: Record<string, number> };

  beforeAll(() => {
    if (status !== 0) throw new Error(`the page gave no answer:\n${stderr}`);
    answers = JSON.parse(stdout) as typeof answers;
  });

  test.each(Object.keys(limits))('%s loads', (entry) => {
    expect(answers.exported[entry]).toBeGreaterThan(0);
  });

  test.each(['cls', 'clsAux', 'ptc', 'ctc', 'seg', 'reg', 'loss'])(
    'one training step on wasm: %s equals that of the cpu backend',
    (term) => {
      const [expected, actual] = [answers.cpu, answers.wasm].map(({ terms }) => terms[term]!);
      expect(answers.wasm.backend).toBe('wasm');
      expect(expected).not.toBe(0);
      expect(Math.abs(actual! / expected! - 1)).toBeLessThanOrEqual(1e-5);
    },
  );

  test('one prediction on wasm equals that of the cpu backend', () => {
    const [expected, actual] = [answers.cpu.prediction, answers.wasm.prediction];
    const largest = Math.max(...expected.numbers.map(Math.abs));
    const apart = Math.max(...actual.numbers.map((value, i) => Math.abs(value - expected.numbers[i]!)));
    expect(actual.shape).toEqual([2, 64, 64]);
    expect(apart / largest).toBeLessThanOrEqual(1e-5);
    expect(new Set(actual.labels).size).toBeGreaterThan(1);
    expect(actual.labels).toEqual(expected.labels);
  });

  test('a photograph through a segmenter, CRF included, on wasm as on the cpu backend', () => {
    const [expected, actual] = [answers.cpu.segmented, answers.wasm.segmented];
    expect(actual.labels.length).toBe(45 * 70);
    const different = actual.labels.filter((label, i) => label !== expected.labels[i]).length;
    expect(different / actual.labels.length).toBeLessThan(2e-3);
    for (const key of ['cam', 'scores'] as const) {
      expect(actual[key].length).toBe(expected[key].length);
      const apart = Math.max(...actual[key].map((value, i) => Math.abs(value - expected[key][i]!)));
      expect(apart).toBeLessThanOrEqual(1e-4);
    }
  });
});
