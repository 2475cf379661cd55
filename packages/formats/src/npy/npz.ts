import { concatenate } from '../concatenate.js';
import { type ByteSource, bytesSource } from '../byte-source.js';
import { fileSource } from '../file-source.js';
import { quote, refuse, within } from '../format-error.js';
import type { NDArray } from '../nd-array.js';
import { writeWhole } from '@toco/files';
import { openZip } from '../zip/archive.js';
import { zipParts } from '../zip/write.js';
import { decodeNpy } from './decode.js';
import { encodeNpy } from './encode.js';

/** Bound on what packed members may unpack to together, in bytes (default 1 GiB); stored ones are bounded by the file. */
export interface NpzOptions {
  readonly limit?: number | undefined;
}

function readArrays(source: ByteSource, options: NpzOptions): Record<string, NDArray> {
  const archive = openZip(source, options);
  return Object.fromEntries(
    archive.names.map((member) => {
      if (!member.endsWith('.npy')) refuse(`npz archive has a member that is not an array: ${quote(member)}`);
      const bytes = archive.read(member);
      return [member.slice(0, -4), within(`npz member ${quote(member)}`, () => decodeNpy(bytes))];
    }),
  );
}

/**
 * The arrays of an npz archive by name, as `np.savez` and `np.savez_compressed` write them.
 *
 * @throws FormatError in one line for a damaged archive, or one that would unpack beyond `limit`
 * @example
 * const { mean, scale } = decodeNpz(await readFile('statistics.npz'));
 */
export function decodeNpz(bytes: Uint8Array, options: NpzOptions = {}): Record<string, NDArray> {
  return readArrays(bytesSource(bytes), options);
}

/** The arrays of an npz file, read one by one, so that a large one is never held twice. */
export function readNpz(path: string, options: NpzOptions = {}): Record<string, NDArray> {
  const source = fileSource(path);
  try {
    return within(path, () => readArrays(source, options));
  } finally {
    source.close();
  }
}

function* npzMembers(arrays: Readonly<Record<string, NDArray>>): Generator<[string, Uint8Array]> {
  for (const [name, array] of Object.entries(arrays)) {
    yield [`${name}.npy`, within(`npz array ${quote(name)}`, () => encodeNpy(array))];
  }
}

/**
 * The bytes of an npz archive (stored, as `np.savez` does), which `np.load` reads.
 *
 * @example
 * await writeFile('cams.npz', encodeNpz({ cam: { dtype: 'float32', shape: [2], data: new Float32Array([0, 1]) } }));
 */
export function encodeNpz(arrays: Readonly<Record<string, NDArray>>): Uint8Array {
  return concatenate(zipParts(npzMembers(arrays)));
}

/** Writes an npz file whole or not at all (see `writeWhole`). */
export async function writeNpz(path: string, arrays: Readonly<Record<string, NDArray>>): Promise<void> {
  await writeWhole(path, zipParts(npzMembers(arrays)));
}
