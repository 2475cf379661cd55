import { expect, test } from '@jest/globals';
import { fixtureArrays, largestError, randomArray, randomImage } from '@toco/testing';
import { nativeDenseCrf } from '@toco/runtime';
import { afaCrf, tocoCamCrf, tocoSegmentationCrf, type DenseCrfKernels } from '../src/dense-crf-presets.js';
import { denseCrf } from '../src/dense-crf/dense-crf.js';
import { denseCrfReference } from '../src/dense-crf-reference.js';
import { differentLabels } from './synthetic.js';

/** The compiled forms; on a processor without AVX-512 native code for AVX2 is tried twice. */
const forms: [string, typeof denseCrf][] = [
  ['WebAssembly', denseCrf],
  ['native code', nativeDenseCrf],
  ['native code for AVX2', withAvx2],
];

function withAvx2(...args: Parameters<typeof denseCrf>): Float32Array {
  const before = process.env['TOCO_KERNELS'];
  process.env['TOCO_KERNELS'] = 'avx2';
  try {
    return nativeDenseCrf(...args);
  } finally {
    if (before === undefined) delete process.env['TOCO_KERNELS'];
    else process.env['TOCO_KERNELS'] = before;
  }
}

const presets: [string, DenseCrfKernels][] = [
  ['q_toco_cam', tocoCamCrf],
  ['q_toco_eval', tocoSegmentationCrf],
];

test.each(forms)('the fixture with %s', (_, compute) => {
  const { image, probabilities, ...expected } = fixtureArrays('dense_crf');
  const [height, width, classes] = probabilities!.shape as [number, number, number];
  for (const [key, kernels] of presets) {
    const q = compute(image!.data as Int32Array, probabilities!.data as Float32Array, {
      ...{ height, width, classes },
      ...kernels,
    });
    const target = expected[key]!.data as Float32Array;
    expect(largestError(q, target).error).toBeLessThan(1e-5);
    expect(differentLabels(q, target, classes)).toBe(0);
  }
});

const sizes: [number, number, number][] = [
  [1, 1, 1],
  [1, 9, 2],
  [11, 1, 21],
  [13, 17, 5],
  [31, 45, 21],
  [40, 33, 8],
  [23, 18, 81],
  [20, 20, 33],
];
test.each(sizes)('%d × %d pixels and %d classes equal the TypeScript', (height, width, classes) => {
  const image = randomImage(height * width, height);
  const probabilities = randomArray(height * width * classes, width);
  for (const kernels of [tocoCamCrf, tocoSegmentationCrf, afaCrf]) {
    const options = { height, width, classes, ...kernels };
    const expected = denseCrfReference(image, probabilities, options);
    for (const [, compute] of forms) {
      const q = compute(image, probabilities, options);
      expect(largestError(q, expected).error).toBeLessThan(2e-5);
      expect(differentLabels(q, expected, classes)).toBe(0);
    }
  }
});

const gaussian = (weight: number, sigmaXy: number) => ({ weight, sigmaXy });
const bilateral = (weight: number, sigmaXy: number, sigmaRgb: number) => ({ weight, sigmaXy, sigmaRgb });
const unusual: [string, DenseCrfKernels][] = [
  ['small σ', { gaussian: gaussian(1, 0.1), bilateral: bilateral(4, 10, 1.5), iterations: 5 }],
  ['large σ', { gaussian: gaussian(1, 50), bilateral: bilateral(4, 1000, 300), iterations: 5 }],
  ['negative weights', { gaussian: gaussian(-100, 3), bilateral: bilateral(-40, 50, 50), iterations: 5 }],
  ['huge weights', { gaussian: gaussian(100, 1), bilateral: bilateral(300, 9, 9), iterations: 3 }],
  ['no weights', { gaussian: gaussian(0, 3), bilateral: bilateral(0, 50, 50), iterations: 1 }],
  ['no iterations', { gaussian: gaussian(3, 3), bilateral: bilateral(4, 50, 5), iterations: 0 }],
];
test.each(unusual)('%s, levels that are no bytes, probabilities that are none', (_, kernels) => {
  const [height, width, classes] = [30, 41, 7];
  const image = randomImage(height * width, 4).map((level) => level * 1.37 - 100.25);
  const probabilities = randomArray(height * width * classes, 5);
  probabilities.set([-3, Infinity, 0, -Infinity], 20);
  const options = { height, width, classes, ...kernels };
  const expected = denseCrfReference(image, probabilities, options);
  for (const [, compute] of forms) {
    const q = compute(image, probabilities, options);
    expect(largestError(q, expected).error).toBeLessThan(2e-5);
    expect(differentLabels(q, expected, classes)).toBe(0);
  }
});
