import * as tf from '@tensorflow/tfjs-core';

/** The parts of tfjs-node's backend that run an operation by its name. */
interface Operations {
  readonly binding: Readonly<Record<'TF_ATTR_TYPE' | 'TF_ATTR_INT' | 'TF_ATTR_BOOL', number>> & {
    executeOp(
      name: string,
      attributes: readonly object[],
      ids: readonly number[],
      count: number,
    ): { readonly id: number }[];
    createTensor(shape: readonly number[], type: number, values: Float32Array): number;
    deleteTensor(id: number): void;
  };
  executeSingleOutput(
    name: string,
    attributes: readonly object[],
    inputs: readonly tf.TensorInfo[],
  ): tf.TensorInfo;
}

const [float32, bfloat16] = [1, 14];

/**
 * Lets TensorFlow.js run products by tiles as `TocoProduct`, by `tf.engine().runKernel`: inputs a, b [steps,…] and, where there
 * is one, a bias [columns]; attributes transposeA, transposeB, not both. Factors are rounded to bfloat16, and so is the result. `@toco/graph`
 * takes `TocoProductNN`, `NT` and `TN` for its products of bfloat16 where this kernel is.
 */
export function registerTileProducts(): void {
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
    const operations = backend as tf.KernelBackend & Operations;
    const { binding } = operations;
    const cast = (x: tf.TensorInfo, from: number, to: number): tf.TensorInfo =>
      operations.executeSingleOutput('Cast', castAttributes(binding, from, to), [x]);
    const factors = [inputs['a']!, inputs['b']!, ...(inputs['bias'] ? [inputs['bias']] : [])];
    const narrow = factors.map((x) => cast(x, float32!, bfloat16!));
    const product = operations.executeSingleOutput(
      `TocoProduct${attrs?.['transposeA'] === true ? 'T' : 'N'}${attrs?.['transposeB'] === true ? 'T' : 'N'}`,
      [{ name: 'num_biases', type: binding.TF_ATTR_INT, value: narrow.length - 2 }],
      narrow,
    );
    const result = cast(product, bfloat16!, float32!);
    for (const x of [...narrow, product]) operations.disposeData(x.dataId);
    return result;
  };
  tf.registerKernel({ kernelName: 'TocoProduct', backendName: 'tensorflow', kernelFunc });
}

/** Whether tiles multiply matrices as a small network has them faster than TensorFlow does; both on all threads, in turns. */
export function areTilesFaster(): boolean {
  const { binding } = tf.backend() as tf.KernelBackend & Operations;
  const [rows, steps, columns] = [512, 768, 768];
  const make = (shape: readonly [number, number]): number => {
    const wide = binding.createTensor(shape, float32!, new Float32Array(shape[0] * shape[1]).fill(0.5));
    const { id } = binding.executeOp('Cast', castAttributes(binding, float32!, bfloat16!), [wide], 1)[0]!;
    binding.deleteTensor(wide);
    return id;
  };
  const factors = [make([rows, steps]), make([steps, columns])];
  const type = [{ name: 'T', type: binding.TF_ATTR_TYPE, value: bfloat16 }];
  const seconds = (name: string): number => {
    const began = performance.now();
    binding.deleteTensor(binding.executeOp(name, type, factors, 1)[0]!.id);
    return performance.now() - began;
  };
  const least = { TocoProductNN: Infinity, MatMul: Infinity };
  for (let turn = 0; turn < 6; turn++)
    for (const name of ['TocoProductNN', 'MatMul'] as const) {
      const took = seconds(name);
      if (turn > 0) least[name] = Math.min(least[name], took); // the first time memory is taken, and code is made
    }
  for (const id of factors) binding.deleteTensor(id);
  return least.TocoProductNN < least.MatMul;
}

function castAttributes(binding: Operations['binding'], from: number, to: number): object[] {
  return [
    { name: 'SrcT', type: binding.TF_ATTR_TYPE, value: from },
    { name: 'DstT', type: binding.TF_ATTR_TYPE, value: to },
    { name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false },
  ];
}
