import { closeSync, openSync, readSync, statSync } from 'node:fs';
import {
  readNpz,
  readSafetensors,
  readTorch,
  unwrapStateDict,
  type NDArray,
  type UnwrappedStateDict,
} from '@toco/formats';
import { authorReleaseToTimm, isAuthorRelease } from './names/author-release.js';
import { clipToTimm, clipTower } from './names/clip-vit.js';
import { jaxRoot, jaxVitToTimm } from './names/jax-vit.js';
import { transformersRoot, transformersVitToTimm } from './names/transformers-vit.js';
import { UserError } from '@toco/files';

/** Formats of weight files, told by their first bytes. */
export type WeightFormat = 'safetensors' | 'torch' | 'npz';

/** How the arrays of a weight file were named in it. */
export type WeightNaming = 'as given' | 'authors' | 'jax' | 'openai' | 'transformers';

/** Weights in timm's names and PyTorch's layouts, and where they came from. */
export interface Weights {
  readonly arrays: Record<string, NDArray>;
  readonly format: WeightFormat;
  readonly naming: WeightNaming;
  /** Dictionaries of a PyTorch file that the weights lay in, outermost first. */
  readonly containers: readonly string[];
  /** What the file holds beside `arrays`. */
  readonly leftOut: readonly string[];
}

/** What {@link readWeights} may be told. */
export interface ReadWeightsOptions {
  /** Which set of weights of a PyTorch file to take where there are several: `teacher`, `model_ema` …. */
  readonly container?: string | undefined;
}

/**
 * Weights from a file of any of the field's formats, told by its content and not by its name: safetensors, PyTorch (zip and
 * the form before 1.6; `model`, `state_dict`, `module.` and the like are unwrapped), and NumPy's npz. Arrays of a ViT as
 * JAX or `transformers` name them, of a Swin or DINOv2 as their authors do, and of CLIP's visual tower as OpenAI, OpenCLIP or
 * `transformers` do, come out in timm's names; all others keep theirs.
 *
 * @throws one line, beginning with the path: no weights, several sets of them, damaged, a form that can't be read
 * @example
 * ```ts
 * const { arrays } = readWeights('Ti_16-i21k-300ep-lr_0.001-aug_none-wd_0.03-do_0.0-sd_0.0.npz');
 * const { params, report } = loadPretrained(backbone, backbone.init(0), arrays);
 * ```
 */
export function readWeights(path: string, { container }: ReadWeightsOptions = {}): Weights {
  const format = weightFormat(path);
  const unwrapped = readAs(format, path, container);
  const named = located(path, () => timmNames(unwrapped.arrays));
  return {
    arrays: named.arrays,
    format,
    naming: named.naming,
    containers: unwrapped.containers,
    leftOut: [...unwrapped.leftOut, ...named.leftOut],
  };
}

function readAs(
  format: WeightFormat,
  path: string,
  container: string | undefined,
): Pick<UnwrappedStateDict, 'arrays' | 'containers' | 'leftOut'> {
  if (format === 'torch') {
    const value = readTorch(path);
    return located(path, () => unwrapStateDict(value, container === undefined ? {} : { container }));
  }
  if (container !== undefined)
    throw new UserError(
      `${path}: only PyTorch files have sets of weights by name, this one has no "${container}"`,
    );
  return { arrays: format === 'npz' ? readNpz(path) : readSafetensors(path), containers: [], leftOut: [] };
}

function timmNames(arrays: Record<string, NDArray>): Pick<Weights, 'arrays' | 'naming' | 'leftOut'> {
  if (jaxRoot(arrays) !== undefined) return { ...jaxVitToTimm(arrays), naming: 'jax' };
  if (transformersRoot(arrays) !== undefined) {
    return { ...transformersVitToTimm(arrays), naming: 'transformers' };
  }
  const tower = clipTower(arrays);
  if (tower !== undefined) return { ...clipToTimm(arrays, tower), naming: tower.naming };
  if (isAuthorRelease(arrays)) return { ...authorReleaseToTimm(arrays), naming: 'authors' };
  return { arrays, naming: 'as given', leftOut: [] };
}

/** What other files are that end up under the name of a weight file, by how they begin. */
const strangers: readonly (readonly [string, string])[] = [
  ['<', 'is a web page: the download went wrong, fetch the file itself'],
  ['version https://git-lfs', 'is a pointer of Git LFS: fetch the file itself with "git lfs pull"'],
  ['\x93NUMPY', 'is a single array, not a file of named weights'],
  ['\x89HDF', 'is an HDF5 file (Keras), which is not read: convert it to safetensors first'],
  ['\x1f\x8b', 'is compressed with gzip: unpack it first'],
];

/** The format of a weight file by its first bytes. @throws one line: no such file, or no weights */
function weightFormat(path: string): WeightFormat {
  const start = firstBytes(path, 1024);
  const text = start.toString('latin1');
  if (start.length > 8 && text[8] === '{' && start.readBigUInt64LE(0) < 2n ** 32n) return 'safetensors';
  // Both PyTorch and NumPy write zip archives; NumPy's holds arrays only, so its first member is one.
  if (text.startsWith('PK\x03\x04') && start.length >= 30) {
    const first = text.slice(30, 30 + start.readUInt16LE(26));
    return first.endsWith('.npy') ? 'npz' : 'torch';
  }
  if (text.startsWith('\x80')) return 'torch';
  const known = strangers.find(([beginning]) => text.trimStart().startsWith(beginning));
  throw new UserError(
    `${path}: ${known?.[1] ?? 'not a weight file: neither safetensors nor PyTorch nor npz'}`,
  );
}

function firstBytes(path: string, count: number): Buffer {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new UserError(`${path}: no such file`);
  if (stats.isDirectory()) throw new UserError(`${path}: is a folder, name the weight file in it`);
  if (!stats.isFile()) throw new UserError(`${path}: is a pipe or device, name an ordinary file`);
  const buffer = Buffer.alloc(count);
  const file = openSync(path, 'r');
  try {
    return buffer.subarray(0, readSync(file, buffer, 0, count, 0));
  } finally {
    closeSync(file);
  }
}

/** Puts the path before a message that does not begin with it. */
function located<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UserError(`${path}: ${(error as Error).message}`, { cause: error });
  }
}
