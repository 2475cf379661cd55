import { type ByteSource, bytesSource } from '../byte-source.js';
import { fileSource } from '../file-source.js';
import { refuse, within } from '../format-error.js';
import type { PickleValue } from '../pickle/values.js';
import { readTorchLegacy } from './legacy.js';
import { readTorchZip } from './zip.js';

function readSource(source: ByteSource): PickleValue {
  if (source.size < 4) refuse('is no PyTorch file: too short');
  const [first, second, third, fourth] = source.read(0, 4);
  if (first === 0x50 && second === 0x4b && third === 3 && fourth === 4) return readTorchZip(source);
  return readTorchLegacy(source.read(0, source.size));
}

/**
 * The value that `torch.save` wrote, in the form since PyTorch 1.6 or the one before: tensors as row-major arrays, dictionaries
 * as maps. Read by the restricted pickle reader; nothing of Python is run.
 *
 * @throws FormatError in one line: damaged files, whole modules, classes that are not on the list (by name)
 * @example
 * const { arrays } = unwrapStateDict(decodeTorch(await readFile('deit_tiny_patch16_224.pth')));
 */
export function decodeTorch(bytes: Uint8Array): PickleValue {
  return readSource(bytesSource(bytes));
}

/** The value of a PyTorch file, storage by storage, so that a large one is never held twice. */
export function readTorch(path: string): PickleValue {
  const source = fileSource(path);
  try {
    return within(path, () => readSource(source));
  } finally {
    source.close();
  }
}
