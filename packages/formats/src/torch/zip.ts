import type { ByteSource } from '../byte-source.js';
import { elementSize } from '../elements.js';
import { refuse } from '../format-error.js';
import { PickleMachine } from '../pickle/machine.js';
import type { PickleValue } from '../pickle/values.js';
import { openZip } from '../zip/archive.js';
import { assertTensorsFit, fillTensors } from './storages.js';
import { type TorchContents, torchVocabulary } from './vocabulary.js';

/** Files since PyTorch 1.6: a zip archive with the pickle in `data.pkl` and each storage as a member of its own. */
export function readTorchZip(source: ByteSource): PickleValue {
  const archive = openZip(source);
  const names = new Set(archive.names);
  const pickle =
    archive.names.find((name) => name.endsWith('/data.pkl')) ?? refuse('zip archive holds no PyTorch data');
  const folder = pickle.slice(0, -'data.pkl'.length);
  if (names.has(`${folder}constants.pkl`)) {
    refuse('is a TorchScript archive: save its state_dict() with PyTorch');
  }
  const contents: TorchContents = { storages: new Map(), tensors: [] };
  const value = new PickleMachine(archive.read(pickle), torchVocabulary(contents)).run();
  assertTensorsFit(contents.tensors, source.size);
  const order = `${folder}byteorder`;
  const bigEndian = names.has(order) && Buffer.from(archive.read(order)).toString() === 'big';
  fillTensors(
    contents.tensors,
    ({ key, length, dtype }) => {
      const bytes = archive.read(`${folder}data/${key}`);
      const expected = length * elementSize[dtype];
      if (bytes.length !== expected) refuse(`has ${bytes.length} bytes instead of ${expected}`);
      return bytes;
    },
    bigEndian,
  );
  return value;
}
