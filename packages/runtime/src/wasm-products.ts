import * as tf from '@tensorflow/tfjs-core';

/** A product of fewer multiplications is not worth the calls around it. */
const small = 32_768;

/** The parts of the backend "wasm" that give tensors as memory. */
interface WasmBackend extends tf.KernelBackend {
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
  typedArrayFromHeap(x: tf.TensorInfo): Float32Array;
}

/**
 * Lets all large products on the backend "wasm" go the fast way that it has. TensorFlow.js multiplies there by XNNPACK where
 * both factors are plain matrices, but by three loops of scalars, ten times as slow, where one is transposed or a stack of
 * them, which is what attention and every gradient ask for. Here factors are transposed, and stacks taken apart, first.
 */
export function registerWasmProducts(): void {
  const original = tf.getKernel('BatchMatMul', 'wasm');
  const transpose = tf.getKernel('Transpose', 'wasm');
  if (original == null || transpose == null) throw new Error('the backend wasm has no products');
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs = {}, backend }) => {
    const [a, b] = [inputs['a']!, inputs['b']!];
    const [transposeA, transposeB] = [attrs['transposeA'] === true, attrs['transposeB'] === true];
    const count = matrices(a);
    const [rows, steps] = sides(a, transposeA);
    const [, columns] = sides(b, transposeB);
    const isPlain = count === 1 && !transposeA && !transposeB;
    const isLarge = rows * steps * columns >= small && a.dtype === 'float32' && b.dtype === 'float32';
    if (isPlain || !isLarge || count !== matrices(b)) return original.kernelFunc({ inputs, attrs, backend });

    const wasm = backend as WasmBackend;
    const multiplied = (x: tf.TensorInfo, y: tf.TensorInfo): tf.TensorInfo =>
      original.kernelFunc({
        inputs: { a: x, b: y },
        attrs: { transposeA: false, transposeB: false },
        backend,
      }) as tf.TensorInfo;
    const turned = (x: tf.TensorInfo): tf.TensorInfo => {
      const shape = [count, ...x.shape.slice(-2)];
      const given = { inputs: { x: { ...x, shape } }, attrs: { perm: [0, 2, 1] }, backend };
      return transpose.kernelFunc(given) as tf.TensorInfo;
    };
    const [left, right] = [transposeA ? turned(a) : a, transposeB ? turned(b) : b];
    const out = wasm.makeOutput([...a.shape.slice(0, -2), rows, columns], 'float32');
    const free = ({ dataId }: tf.TensorInfo): unknown => wasm.disposeData(dataId);
    for (let i = 0; i < count; i++) {
      const [x, y] = [matrixOf(wasm, left, i), matrixOf(wasm, right, i)];
      const product = multiplied(x, y);
      wasm.typedArrayFromHeap(out).set(wasm.typedArrayFromHeap(product), i * rows * columns);
      [x, y, product].forEach(free);
    }
    if (transposeA) free(left);
    if (transposeB) free(right);
    return out;
  };
  tf.unregisterKernel('BatchMatMul', 'wasm');
  tf.registerKernel({ ...original, kernelFunc });
}

function matrices({ shape }: tf.TensorInfo): number {
  return tf.util.sizeFromShape(shape.slice(0, -2));
}

/** Rows and columns of a matrix as it is multiplied. */
function sides({ shape }: tf.TensorInfo, transposed: boolean): [number, number] {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  return transposed ? [columns, rows] : [rows, columns];
}

/** A copy of one matrix of a stack. The heap may move whenever memory is taken, so it is asked for anew each time. */
function matrixOf(wasm: WasmBackend, x: tf.TensorInfo, i: number): tf.TensorInfo {
  const shape = x.shape.slice(-2);
  const size = tf.util.sizeFromShape(shape);
  const matrix = wasm.makeOutput(shape, 'float32');
  wasm.typedArrayFromHeap(matrix).set(wasm.typedArrayFromHeap(x).subarray(i * size, (i + 1) * size));
  return matrix;
}
