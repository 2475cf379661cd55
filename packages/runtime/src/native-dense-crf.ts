import { createRequire } from 'node:module';
import { denseCrfModule } from './dense-crf-module.js';
import { UserError } from '@toco/files';
import { setupCommand } from './engine.js';
import { findModule } from './native-module.js';
import { currentPlatform, isSupportedPlatform } from './platform.js';

/** Options of {@link nativeDenseCrf}: those of `denseCrf` of `@toco/crf`, whose presets serve here. */
export interface NativeDenseCrfOptions {
  readonly height: number;
  readonly width: number;
  /** Number of classes K. */
  readonly classes: number;
  /** Smoothness kernel: weight, and σ of the position in pixels. */
  readonly gaussian: { readonly weight: number; readonly sigmaXy: number };
  /** Appearance kernel: weight, σ of the position in pixels, σ of the color in levels 0…255. */
  readonly bilateral: { readonly weight: number; readonly sigmaXy: number; readonly sigmaRgb: number };
  /** Mean-field iterations. */
  readonly iterations: number;
  /**
   * Bits of what the lattice and Q have in memory; computed is with 32 all the same. `16` takes less time, the more so the more
   * classes there are, and less memory, for another result: Q within 1e-2, labels of some 6 pixels in 100,000 (EXPERIMENTS.md).
   * Default 32.
   */
  readonly valueBits?: 16 | 32 | undefined;
}

interface CrfModule {
  readonly instructions: (limit?: string) => string | null;
  readonly denseCrf: (
    image: Float32Array,
    probabilities: Float32Array,
    options: Float64Array,
    out: Float32Array,
    limit?: string,
  ) => number;
}

/**
 * `denseCrf` of `@toco/crf` in C++, for AVX2 or AVX-512 as the processor has: the same Q within 2e-5. Needs no TensorFlow and
 * keeps nothing between calls, so worker threads can call it side by side, an image each.
 *
 * @param image `[h, w, 3]`, levels 0…255
 * @param probabilities `[h, w, K]`
 * @returns Q, `[h, w, K]`, each pixel's classes sum to 1
 * @throws UserError where the module is not installed or the processor has no AVX2; Error with one line where an array has
 *   another length, a value is not a number, an option is out of range, or memory does not suffice
 * @example
 * ```ts
 * import { tocoSegmentationCrf } from '@toco/crf';
 * import { nativeDenseCrf } from '@toco/runtime/crf';
 *
 * const q = nativeDenseCrf(image, probabilities, { height, width, classes: 21, ...tocoSegmentationCrf });
 * ```
 */
export function nativeDenseCrf(
  image: Float32Array | Uint8Array | Uint8ClampedArray | Int32Array,
  probabilities: Float32Array,
  { height, width, classes, gaussian, bilateral, iterations, valueBits = 32 }: NativeDenseCrfOptions,
): Float32Array {
  const sizes = { height, width, classes };
  for (const [name, value] of Object.entries(sizes)) assertWhole(name, value, 1);
  assertWhole('iterations', iterations, 0);
  if (![16, 32].includes(valueBits))
    throw new Error(`nativeDenseCrf: valueBits is ${valueBits}, must be 16 or 32`);
  const kernels = {
    'gaussian.weight': gaussian.weight,
    'gaussian.sigmaXy': gaussian.sigmaXy,
    'bilateral.weight': bilateral.weight,
    'bilateral.sigmaXy': bilateral.sigmaXy,
    'bilateral.sigmaRgb': bilateral.sigmaRgb,
  };
  for (const [name, value] of Object.entries(kernels))
    if (!Number.isFinite(value) || (name.includes('sigma') && value <= 0))
      throw new Error(
        `nativeDenseCrf: ${name} is ${value}, must be ${name.includes('sigma') ? 'positive' : 'a finite number'}`,
      );
  const pixels = height * width;
  if (image.length !== pixels * 3)
    throw new Error(`nativeDenseCrf: an image of ${image.length} values instead of ${height} × ${width} × 3`);
  if (probabilities.length !== pixels * classes)
    throw new Error(
      `nativeDenseCrf: ${probabilities.length} probabilities instead of ${height} × ${width} × ${classes}`,
    );

  const module = loadModule();
  const levels = image instanceof Float32Array ? image : new Float32Array(image);
  const out = new Float32Array(probabilities.length);
  const numbers = Float64Array.of(
    ...[...Object.values(sizes), iterations, ...Object.values(kernels)],
    valueBits === 16 ? 1 : 0,
  );
  const status = module.denseCrf(levels, probabilities, numbers, out, ...instructionLimit());
  if (status === 0) return out;
  const size = `${height} × ${width} × ${classes}`;
  if (status === 1) throw new Error(`nativeDenseCrf: no memory for ${size} values: use a smaller image`);
  assertNumbers('level', levels, width * 3);
  assertNumbers('probability', probabilities, width * classes);
  throw new Error(
    `nativeDenseCrf: the σ of a kernel (${JSON.stringify({ gaussian, bilateral })}) are too small for ${size}: use larger ones, or denseCrfReference of @toco/crf`,
  );
}

function assertWhole(name: string, value: number, smallest: number): void {
  if (!Number.isInteger(value) || value < smallest || value >= 2 ** 31)
    throw new Error(`nativeDenseCrf: ${name} is ${value}, must be a whole number of at least ${smallest}`);
}

function assertNumbers(name: string, values: Float32Array, row: number): void {
  const at = values.findIndex(
    (value) => Number.isNaN(value) || (name === 'level' && !Number.isFinite(value)),
  );
  if (at < 0) return;
  const [y, x] = [Math.floor(at / row), at % row];
  throw new Error(`nativeDenseCrf: a ${name} is ${values[at]} (row ${y}, value ${x} of the row)`);
}

let loaded: CrfModule | undefined; // code, no data: loading it again would only look at the files again

function loadModule(): CrfModule {
  if (loaded) return loaded;
  if (!isSupportedPlatform())
    throw new UserError(
      `The native dense CRF does not exist for ${currentPlatform()}: use denseCrf of @toco/crf.`,
    );
  const path = findModule(denseCrfModule);
  if (path === undefined)
    throw new UserError(
      `The native dense CRF is not installed: run "${setupCommand}", or use denseCrf of @toco/crf.`,
    );
  let module: CrfModule;
  try {
    module = createRequire(import.meta.url)(path) as CrfModule;
  } catch (error) {
    const message = (error as Error).message.split('\n')[0];
    throw new UserError(
      `The native dense CRF could not be loaded (${message}): run "${setupCommand}", or use denseCrf of @toco/crf.`,
    );
  }
  if (module.instructions() === null)
    throw new UserError(
      'The native dense CRF needs AVX2, which this processor lacks: use denseCrf of @toco/crf.',
    );
  return (loaded = module);
}

/** `TOCO_KERNELS=avx2` holds for this module too; there is nothing that it could be switched off in favor of. */
function instructionLimit(): string[] {
  const limit = process.env['TOCO_KERNELS'];
  return limit === 'avx2' ? [limit] : [];
}
