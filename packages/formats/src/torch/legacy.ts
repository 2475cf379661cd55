import { ByteReader } from '../byte-reader.js';
import { elementSize } from '../elements.js';
import { quote, refuse } from '../format-error.js';
import { plainVocabulary } from '../pickle/decode.js';
import { PickleMachine } from '../pickle/machine.js';
import type { PickleValue } from '../pickle/values.js';
import { assertTensorsFit, fillTensors } from './storages.js';
import { type TorchContents, torchVocabulary } from './vocabulary.js';

const magic = 0x1950a86a20f9469cfc6cn;

/**
 * Files before PyTorch 1.6: five pickles one after the other (a magic number, the version, facts about the machine, the value,
 * the keys of the storages), then each storage with its length before it.
 */
export function readTorchLegacy(bytes: Uint8Array): PickleValue {
  let position = 0;
  const contents: TorchContents = { storages: new Map(), tensors: [] };
  const next = (vocabulary = plainVocabulary): PickleValue => {
    const machine = new PickleMachine(bytes, vocabulary, position);
    const value = machine.run();
    position = machine.reader.position;
    return value;
  };
  if (next() !== magic) refuse('is no PyTorch file: neither a zip archive nor its older form');
  if (next() !== 1001) refuse("is of an unknown version of PyTorch's older form");
  const machineFacts = next();
  const bigEndian = machineFacts instanceof Map && machineFacts.get('little_endian') === false;
  const value = next(torchVocabulary(contents));
  const keys = next();
  if (!Array.isArray(keys)) refuse('has no list of storages');
  const places = findStorages(new ByteReader(bytes, position), keys, contents);
  assertTensorsFit(contents.tensors, bytes.length);
  fillTensors(contents.tensors, ({ key }) => places.get(key) ?? refuse('is not in the file'), bigEndian);
  return value;
}

function findStorages(
  reader: ByteReader,
  keys: readonly PickleValue[],
  { storages }: TorchContents,
): Map<string, Uint8Array> {
  const places = new Map<string, Uint8Array>();
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (storage === undefined) refuse('lists a storage that nothing uses');
    const length = reader.uint64();
    if (length !== storage.length) {
      refuse(`storage ${quote(storage.key)} has ${length} elements instead of ${storage.length}`);
    }
    places.set(storage.key, reader.take(length * elementSize[storage.dtype]));
  }
  return places;
}
