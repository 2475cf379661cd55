import { expect, test } from '@jest/globals';
import { nativeDenseCrf, type NativeDenseCrfOptions } from '../src/native-dense-crf.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { built, runNode } from './run-node.js';

const options: NativeDenseCrfOptions = {
  ...{ height: 4, width: 5, classes: 3 },
  gaussian: { weight: 3, sigmaXy: 3 },
  bilateral: { weight: 4, sigmaXy: 36, sigmaRgb: 3 },
  iterations: 4,
};
const image = (): Float32Array => Float32Array.from({ length: 60 }, (_, i) => (i * 37) % 256);
const probabilities = (): Float32Array => Float32Array.from({ length: 60 }, (_, i) => ((i * 29) % 17) / 17);

test('worker threads compute side by side without TensorFlow', async () => {
  const { stdout, stderr } = await runNode(`
    import { Worker } from 'node:worker_threads';
    const program = \`
      import { parentPort } from 'node:worker_threads';
      import { nativeDenseCrf } from ${JSON.stringify(pathToFileURL(built('crf/index.js')).href)};
      const q = nativeDenseCrf(
        Float32Array.from({ length: 60 }, (_, i) => (i * 37) % 256),
        Float32Array.from({ length: 60 }, (_, i) => ((i * 29) % 17) / 17),
        ${JSON.stringify(options)});
      const loaded = process.report.getReport().sharedObjects.filter((path) => /toco_|tfjs|tensorflow/.test(path));
      parentPort.postMessage({ q: Array.from(q), loaded: loaded.map((path) => path.split('/').at(-1)) });
    \`;
    const url = new URL('data:text/javascript,' + encodeURIComponent(program));
    const answers = await Promise.all([1, 2, 3].map(() => new Promise((resolve, reject) => {
      const worker = new Worker(url);
      worker.once('message', resolve).once('error', reject);
    })));
    console.log(JSON.stringify(answers));
  `);
  expect(stderr).toBe('');
  const answer = {
    q: Array.from(nativeDenseCrf(image(), probabilities(), options)),
    loaded: ['toco_crf.node'],
  };
  expect(JSON.parse(stdout)).toEqual([answer, answer, answer]);
});

const wrong: [string, Partial<NativeDenseCrfOptions>, string][] = [
  ['no classes', { classes: 0 }, 'classes is 0, must be a whole number of at least 1'],
  ['half a pixel', { height: 4.5 }, 'height is 4.5, must be a whole number of at least 1'],
  ['no number of iterations', { iterations: NaN }, 'iterations is NaN, must be a whole number of at least 0'],
  ['another size', { height: 3 }, 'an image of 60 values instead of 3 × 5 × 3'],
  ['other classes', { classes: 4 }, '60 probabilities instead of 4 × 5 × 4'],
  [
    'a kernel without width',
    { gaussian: { weight: 1, sigmaXy: 0 } },
    'gaussian.sigmaXy is 0, must be positive',
  ],
  [
    'a weight that is none',
    { gaussian: { weight: Infinity, sigmaXy: 1 } },
    'gaussian.weight is Infinity, must be a finite number',
  ],
  ['other bits', { valueBits: 8 as 16 }, 'valueBits is 8, must be 16 or 32'],
  ['a lattice without end', { gaussian: { weight: 1, sigmaXy: 1e-5 } }, 'are too small for 4 × 5 × 3'],
];
test.each(wrong)('%s: one line', (_, change, message) => {
  const call = (): unknown => nativeDenseCrf(image(), probabilities(), { ...options, ...change });
  expect(call).toThrow(message);
  expect(call).not.toThrow('\n');
});

test('values of 16 bits give nearly the same, with any number of classes and instructions', () => {
  for (const classes of [2, 9, 21, 40]) {
    const size = { height: 24, width: 30, classes };
    const levels = Float32Array.from({ length: 24 * 30 * 3 }, (_, i) => ((i % 90) * 2 + (i >> 7) * 5) % 256);
    const chances = Float32Array.from({ length: 24 * 30 * classes }, (_, i) => (((i * 31) % 23) + 1) / 24);
    const q = (bits: 16 | 32): Float32Array =>
      nativeDenseCrf(levels, chances, { ...options, ...size, valueBits: bits });
    for (const limit of ['', 'avx2']) {
      process.env['TOCO_KERNELS'] = limit;
      const [half, full] = [q(16), q(32)];
      const largest = half.reduce((most, value, i) => Math.max(most, Math.abs(value - full[i]!)), 0);
      expect(largest).toBeLessThan(1e-2);
      expect(largest).toBeGreaterThan(0);
    }
    delete process.env['TOCO_KERNELS'];
  }
});

test('what is not a number is named', () => {
  const levels = image();
  levels[22] = NaN;
  expect(() => nativeDenseCrf(levels, probabilities(), options)).toThrow(
    'a level is NaN (row 1, value 7 of the row)',
  );
  const chances = probabilities();
  chances[59] = NaN;
  expect(() => nativeDenseCrf(image(), chances, options)).toThrow(
    'a probability is NaN (row 3, value 14 of the row)',
  );
});

test('where it is not installed, one line says how to get it', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'toco-crf-'));
  try {
    const { stdout } = await runNode(
      `import { nativeDenseCrf } from ${JSON.stringify(built('crf/index.js'))};
       try { nativeDenseCrf(new Float32Array(60), new Float32Array(60), ${JSON.stringify(options)}); console.log('prebuilt'); }
       catch (error) { console.log(String(error)); }`,
      { TOCO_CACHE: empty },
    );
    // a packed package, which `pnpm pack` leaves here, has it ready
    expect([
      'prebuilt\n',
      'UserError: The native dense CRF is not installed: run "npx @toco/runtime setup", or use denseCrf of @toco/crf.\n',
    ]).toContain(stdout);
  } finally {
    await rm(empty, { recursive: true });
  }
});
