import { fileSource } from '../file-source.js';
import { quote, refuse, within } from '../format-error.js';
import type { NDArray } from '../nd-array.js';
import { writeWhole } from '@toco/files';
import { readSafetensorsEntry } from './decode.js';
import { safetensorsParts } from './encode.js';
import { readSafetensorsHeader, type SafetensorsEntry } from './header.js';

/** An open safetensors file whose tensors are read one by one. */
export interface SafetensorsFile {
  readonly entries: ReadonlyMap<string, Pick<SafetensorsEntry, 'dtype' | 'shape'>>;
  readonly metadata: ReadonlyMap<string, string>;
  /** The tensor of that name, read now. */
  read(name: string): NDArray;
  close(): void;
}

/**
 * Opens a safetensors file without reading its tensors.
 *
 * @throws FormatError in one line, beginning with the path
 * @example
 * const file = openSafetensors('vit_large.safetensors');
 * const bias = file.read('head.bias');
 * file.close();
 */
export function openSafetensors(path: string): SafetensorsFile {
  const source = fileSource(path);
  try {
    const { entries, metadata } = within(path, () => readSafetensorsHeader(source));
    return {
      entries,
      metadata,
      read(name) {
        const entry = entries.get(name) ?? refuse(`${path}: has no tensor ${quote(name)}`);
        return within(path, () => readSafetensorsEntry(source, entry));
      },
      close() {
        source.close();
      },
    };
  } catch (error) {
    source.close();
    throw error;
  }
}

/** All tensors of a safetensors file, read one by one. */
export function readSafetensors(path: string): Record<string, NDArray> {
  const file = openSafetensors(path);
  try {
    return Object.fromEntries([...file.entries.keys()].map((name) => [name, file.read(name)]));
  } finally {
    file.close();
  }
}

/**
 * Writes a safetensors file whole or not at all (see `writeWhole`).
 *
 * @example
 * await writeSafetensors('weights.safetensors', arrays, { step: '20000' });
 */
export async function writeSafetensors(
  path: string,
  arrays: Readonly<Record<string, NDArray>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeWhole(path, safetensorsParts(arrays, metadata));
}
