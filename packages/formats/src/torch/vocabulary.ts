import { elementSize } from '../elements.js';
import { refuse } from '../format-error.js';
import type { DType } from '../nd-array.js';
import { plainVocabulary } from '../pickle/decode.js';
import type { KnownGlobal, PickleVocabulary } from '../pickle/machine.js';
import type { PickleValue } from '../pickle/values.js';
import { elementCount } from '../shape.js';
import type { PendingTensor, Storage } from './storages.js';

/** PyTorch's storage classes; `UntypedStorage` counts bytes. */
const storageTypes = new Map<string, DType>([
  ['torch.FloatStorage', 'float32'],
  ['torch.DoubleStorage', 'float64'],
  ['torch.HalfStorage', 'float16'],
  ['torch.BFloat16Storage', 'bfloat16'],
  ['torch.LongStorage', 'int64'],
  ['torch.IntStorage', 'int32'],
  ['torch.ShortStorage', 'int16'],
  ['torch.CharStorage', 'int8'],
  ['torch.ByteStorage', 'uint8'],
  ['torch.BoolStorage', 'bool'],
  ['torch.storage.UntypedStorage', 'uint8'],
]);

const otherNames: Readonly<Record<string, DType>> = { half: 'float16', float: 'float32', double: 'float64' };
const names = Object.keys(elementSize) as DType[];
const dtypes = new Map<string, DType>([
  ...names.map((name) => [`torch.${name}`, name] as const),
  ...Object.entries(otherNames).map(([name, dtype]) => [`torch.${name}`, dtype] as const),
]);

/** Storages and tensors that a pickle has named so far. */
export interface TorchContents {
  readonly storages: Map<string, Storage>;
  readonly tensors: PendingTensor[];
}

function globalName(value: PickleValue | undefined): string {
  return (value as { global?: string } | null | undefined)?.global ?? '';
}

/** What PyTorch's checkpoints name; storages and tensors are noted in `contents`. */
export function torchVocabulary(contents: TorchContents): PickleVocabulary {
  const rebuild = (args: readonly PickleValue[], dtype?: DType): PickleValue => {
    const tensor = pendingTensor(args, contents, dtype);
    contents.tensors.push(tensor);
    return tensor.array;
  };
  const known: KnownGlobal[] = [
    { global: 'torch._utils._rebuild_tensor', call: (args) => rebuild(args) },
    { global: 'torch._utils._rebuild_tensor_v2', call: (args) => rebuild(args) },
    { global: 'torch._utils._rebuild_tensor_v3', call: (args) => rebuild(args, dtypeOf(args[6])) },
    { global: 'torch._utils._rebuild_parameter', call: ([data = null]) => data },
    { global: 'torch._utils._rebuild_parameter_with_state', call: ([data = null]) => data },
    { global: 'torch.Size', call: ([sizes = null]) => sizes },
    {
      global: 'torch.device',
      call: ([type = null, index = null]) => ({
        className: 'torch.device',
        attributes: new Map([
          ['type', type],
          ['index', index],
        ]),
      }),
    },
    ...[...storageTypes.keys(), ...dtypes.keys()].map((global) => ({ global })),
  ];
  return {
    globals: new Map([...plainVocabulary.globals, ...known.map((item) => [item.global, item] as const)]),
    persistent: (id) => storageReference(id, contents),
  };
}

function dtypeOf(value: PickleValue | undefined): DType {
  return dtypes.get(globalName(value)) ?? refuse('tensor has an element type that is not supported');
}

/** `('storage', class, key, device, number of elements)`; older files add a view, which is always `None` nowadays. */
function storageReference(id: PickleValue, { storages }: TorchContents): PickleValue {
  if (!Array.isArray(id) || id[0] !== 'storage') {
    refuse('file holds a whole module, not a dictionary of weights: save its state_dict() with PyTorch');
  }
  const [, type, key, , length, view = null] = id;
  const dtype = storageTypes.get(globalName(type)) ?? refuse('file names a storage of an unknown type');
  if (typeof key !== 'string' || typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) {
    refuse('file names a storage without key or length');
  }
  if (view !== null) refuse('file has views of storages, as PyTorch wrote them before 0.4');
  const storage = storages.get(key) ?? { key, length, dtype };
  if (storage.length !== length || storage.dtype !== dtype) refuse('file describes one storage in two ways');
  storages.set(key, storage);
  return { className: 'torch.storage', attributes: new Map([['key', key]]) };
}

/** `(storage, offset, size, stride, …)`, offset and strides in elements. */
function pendingTensor(
  [reference = null, offset, shape, strides]: readonly PickleValue[],
  { storages }: TorchContents,
  dtype?: DType,
): PendingTensor {
  const { className, attributes } = (reference ?? {}) as {
    className?: string;
    attributes?: ReadonlyMap<string, string>;
  };
  const storage = className === 'torch.storage' ? storages.get(attributes!.get('key')!) : undefined;
  if (storage === undefined) refuse('file has a tensor without a storage');
  if (!isSizes(shape) || !isSizes(strides) || !isSizes([offset]) || shape.length !== strides.length) {
    refuse('file has a tensor whose shape, strides or offset are no sizes');
  }
  elementCount(shape);
  const type = dtype ?? storage.dtype;
  return {
    storage,
    offset: offset as number,
    strides,
    array: { dtype: type, shape: [...shape], data: new Uint8Array() },
  };
}

function isSizes(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length <= 64 &&
    value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)
  );
}
