import * as tf from '@tensorflow/tfjs-core';

/** The parts of tfjs-node's backend that run an operation by its name. */
interface Operations {
  readonly binding: Readonly<Record<'TF_ATTR_TYPE' | 'TF_ATTR_INT' | 'TF_ATTR_BOOL' | 'TF_FLOAT', number>>;
  executeSingleOutput(
    name: string,
    attributes: readonly { readonly name: string; readonly type: number; readonly value: number | boolean }[],
    inputs: readonly tf.TensorInfo[],
  ): tf.TensorInfo;
}

/** What may come with the product, in the operation's order, by the switch that says so. */
const companions = {
  bias: ['bias'],
  scale: ['scale'],
  residual: ['residual'],
  norm: ['normWeight', 'normBias', 'epsilon'],
} as const;

/** Lets TensorFlow.js run `TocoLinear`, whose attributes say which of its inputs are given. */
export function registerLinearKernel(threads: number): void {
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
    const operations = backend as tf.KernelBackend & Operations;
    const { binding } = operations;
    const tensors: Readonly<Record<string, tf.TensorInfo | undefined>> = inputs;
    const given = Object.entries(companions).map(
      ([name, [first, ...rest]]) =>
        ({ name, tensors: tensors[first] ? [first, ...rest].map((one) => tensors[one]!) : [] }) as const,
    );
    const others = given.flatMap(({ tensors: some }) => some);
    const attributes = [
      { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
      { name: 'threads', type: binding.TF_ATTR_INT, value: threads },
      { name: 'count', type: binding.TF_ATTR_INT, value: others.length },
      { name: 'gelu', type: binding.TF_ATTR_BOOL, value: attrs?.['gelu'] === true },
      ...given.map(({ name, tensors: { length } }) => ({
        name,
        type: binding.TF_ATTR_BOOL,
        value: length > 0,
      })),
    ];
    return operations.executeSingleOutput('TocoLinear', attributes, [
      inputs['x']!,
      inputs['weight']!,
      ...others,
    ]);
  };
  tf.registerKernel({ kernelName: 'TocoLinear', backendName: 'tensorflow', kernelFunc });
}
