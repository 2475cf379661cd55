import type { RgbImage } from '../bilateral.js';
import type { DenseCrfOptions } from '../dense-crf-options.js';
import { binary } from './binary.js';
import { latticeBytes } from './lattice-bytes.js';
import { atob, WebAssembly, type Memory, type Module } from './web-assembly.js';

/** What the module exports; addresses and sizes are bytes of its memory, addresses of lattices 0 where they are too large. */
interface DenseCrfExports {
  readonly image: (height: number, width: number) => number;
  readonly build: (
    image: number,
    ...options: [
      ...sizes: [height: number, width: number, classes: number, iterations: number],
      ...gaussian: [weight: number, sigma: number],
      ...bilateral: [weight: number, sigmaXy: number, sigmaRgb: number],
    ]
  ) => number;
  readonly used: () => number;
  readonly bytes: (lattices: number) => number;
  readonly values: (lattices: number, used: number) => number;
  readonly run: (lattices: number) => number;
}

const page = 65536;
const largestMemory = 65536 * page;

/**
 * The dense CRF of checked arguments in WebAssembly; undefined where it does not fit.
 *
 * Memories are of counted sizes and never grow: the first holds the lattices in the worst case, of which the system provides
 * what is touched; the second, once their size is known, those and the mean field. Both go with the call.
 */
export function compiledDenseCrf(
  image: RgbImage,
  probabilities: Float32Array,
  { height, width, classes, iterations, gaussian, bilateral }: DenseCrfOptions,
): Float32Array | undefined {
  const building = memoryOf(latticeBytes(height, width, gaussian.sigmaXy));
  if (building === undefined) return undefined;
  const builder = instanceIn(building);
  const levels = builder.image(height, width);
  new Float32Array(building.buffer, levels, image.length).set(image);
  const lattices = builder.build(
    levels,
    ...([height, width, classes, iterations] as const),
    ...([gaussian.weight, gaussian.sigmaXy] as const),
    ...([bilateral.weight, bilateral.sigmaXy, bilateral.sigmaRgb] as const),
  );
  if (lattices === 0) return undefined;
  const used = builder.used();

  const running = memoryOf(builder.bytes(lattices));
  if (running === undefined) return undefined;
  const runner = instanceIn(running);
  new Uint8Array(running.buffer).set(new Uint8Array(building.buffer, 0, used));
  const values = new Float32Array(running.buffer, runner.values(lattices, used), probabilities.length);
  values.set(probabilities);
  const status = runner.run(lattices);
  if (status !== 0) throw new Error(`denseCrf: status ${status} of the WebAssembly module`);
  return values.slice();
}

function memoryOf(bytes: number): Memory | undefined {
  if (bytes > largestMemory) return undefined;
  const pages = Math.ceil(bytes / page);
  return new WebAssembly.Memory({ initial: pages, maximum: pages });
}

let compiled: Module | undefined; // code, no data

function instanceIn(memory: Memory): DenseCrfExports {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(binary), (character) => character.charCodeAt(0)));
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as DenseCrfExports;
}
