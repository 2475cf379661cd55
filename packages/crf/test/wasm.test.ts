import { expect, test } from '@jest/globals';
import { randomArray } from '@toco/testing';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { denseCrf } from '../src/dense-crf/dense-crf.js';
import { denseCrfReference } from '../src/dense-crf-reference.js';
import { tocoCamCrf } from '../src/dense-crf-presets.js';
import { latticeBytes } from '../src/wasm/lattice-bytes.js';
import { differentLabels } from './synthetic.js';

const folder = fileURLToPath(new URL('..', import.meta.url));
const run = (...args: string[]) => spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });

test('the binary is what its sources give', () => {
  expect(run('wasm/build.js', '--check')).toMatchObject({ status: 0, stderr: '' });
});

// every pixel in a simplex of its own: more vertices and groups than any photograph has
test.each([
  [3, 200],
  [200, 3],
  [61, 67],
])('noise of %d × %d pixels fits into the counted memory', (height, width) => {
  const image = randomArray(height * width * 3, 1).map((value) => Math.floor(value * 256));
  const probabilities = randomArray(height * width * 3, 2);
  const options = { height, width, classes: 3, ...tocoCamCrf };
  const q = denseCrf(image, probabilities, options);
  expect(differentLabels(q, denseCrfReference(image, probabilities, options), 3)).toBe(0);
});

test('what WebAssembly has no room for is computed all the same', () => {
  expect(latticeBytes(2000, 2000, 1)).toBeLessThan(2 ** 32);
  const options = {
    height: 20,
    width: 30,
    classes: 2,
    ...tocoCamCrf,
    gaussian: { weight: 3, sigmaXy: 1e-4 },
  };
  expect(latticeBytes(20, 30, 1e-4)).toBeGreaterThan(2 ** 32);
  const image = randomArray(1800, 3).map((value) => value * 255);
  const probabilities = randomArray(1200, 4);
  expect(denseCrf(image, probabilities, options)).toEqual(denseCrfReference(image, probabilities, options));
});

test('worker threads and many calls: the same result, memory that does not grow', () => {
  const { stdout, stderr, status } = run(
    '--input-type=module',
    '-e',
    `import { Worker } from 'node:worker_threads';
     const program = \`
       import { parentPort } from 'node:worker_threads';
       import { denseCrf, tocoCamCrf } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
       const [height, width, classes] = [120, 160, 3];
       const image = Uint8Array.from({ length: height * width * 3 }, (_, i) => 128 + 100 * Math.sin(i / 300));
       const probabilities = Float32Array.from({ length: height * width * classes }, (_, i) => ((i * 29) % 17) / 17);
       const sums = new Set();
       let base = 0;
       for (let call = 0; call < 150; call++) {
         const q = denseCrf(image, probabilities, { height, width, classes, ...tocoCamCrf, iterations: 1 });
         sums.add(q.reduce((sum, value, i) => sum + value * (i % 7), 0));
         if (call === 50) base = process.memoryUsage.rss();
       }
       parentPort.postMessage({ sums: [...sums], growth: (process.memoryUsage.rss() - base) / 2 ** 20 });
     \`;
     const url = new URL('data:text/javascript,' + encodeURIComponent(program));
     const answers = await Promise.all([1, 2].map(() => new Promise((resolve, reject) => {
       new Worker(url).once('message', resolve).once('error', reject);
     })));
     console.log(JSON.stringify({ sums: [...new Set(answers.flatMap(({ sums }) => sums))].length, growth: Math.max(...answers.map(({ growth }) => growth)) }));`,
  );
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  const { sums, growth } = JSON.parse(stdout) as { sums: number; growth: number };
  expect(sums).toBe(1);
  expect(growth).toBeLessThan(150);
});
