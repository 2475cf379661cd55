import { allocateElements, decodeElements, elementSize } from '../elements.js';
import { quote, refuse, within } from '../format-error.js';
import type { DType, NDArray, NDData } from '../nd-array.js';
import { elementCount } from '../shape.js';
import { gather, isRowMajor } from '../strided.js';

/** A run of numbers that tensors look into, named by a text within its file. */
export interface Storage {
  readonly key: string;
  /** Number of elements of its own type. */
  readonly length: number;
  readonly dtype: DType;
}

/** A tensor as it stands in the pickle: its elements are filled in once the storages can be read. */
export interface PendingTensor {
  readonly storage: Storage;
  readonly array: { dtype: DType; shape: number[]; data: NDData };
  /** In elements, as are the strides. */
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Elements of a storage that a tensor reaches, counted from its offset. */
function reach({ array, strides }: PendingTensor): number {
  if (elementCount(array.shape) === 0) return 0;
  return array.shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 1);
}

/** Refuses tensors beyond their storage, and files whose tensors would take far more memory than they hold. */
export function assertTensorsFit(tensors: readonly PendingTensor[], fileSize: number): void {
  let total = 0;
  for (const tensor of tensors) {
    const { storage, array, offset } = tensor;
    const available = (storage.length * elementSize[storage.dtype]) / elementSize[array.dtype];
    if (!(offset + reach(tensor) <= available)) {
      refuse(
        `tensor of ${array.dtype}[${array.shape.join()}] reaches beyond its storage ${quote(storage.key)} of ${available} elements`,
      );
    }
    total += Math.max(elementCount(array.shape), reach(tensor)) * elementSize[array.dtype];
  }
  if (total > 4 * fileSize + 4096)
    refuse(`tensors would take ${total} bytes, far more than the file's ${fileSize} hold`);
}

/** Fills in all tensors, storage by storage, so that each is read once and none is held longer than needed. */
export function fillTensors(
  tensors: readonly PendingTensor[],
  readStorage: (storage: Storage) => Uint8Array,
  bigEndian: boolean,
): void {
  const groups = new Map<string, PendingTensor[]>();
  for (const tensor of tensors) {
    const group = groups.get(tensor.storage.key) ?? [];
    group.push(tensor);
    groups.set(tensor.storage.key, group);
  }
  for (const group of groups.values()) {
    const { storage } = group[0]!;
    const bytes = within(`storage ${quote(storage.key)}`, () => readStorage(storage));
    for (const tensor of group) tensor.array.data = tensorElements(tensor, bytes, bigEndian);
  }
}

function tensorElements(tensor: PendingTensor, bytes: Uint8Array, bigEndian: boolean): NDArray['data'] {
  const { array, offset, strides } = tensor;
  const size = elementSize[array.dtype];
  const part = bytes.subarray(offset * size, (offset + reach(tensor)) * size);
  const data = decodeElements(part, array.dtype, bigEndian);
  if (isRowMajor(array.shape, strides)) return data;
  return gather(data, array.shape, strides, allocateElements(array.dtype, elementCount(array.shape)));
}
