import * as tf from '@tensorflow/tfjs-core';
import { type Attribute, AttributeType, typeAttribute } from './attribute.js';
import { type NodeBackend } from './backend.js';
import { TF } from './dtype.js';

const codes: Readonly<Record<string, number>> = { float32: TF.float32, int32: TF.int32, bool: TF.bool };

/**
 * Lets `tf.gather` do without its look at the indices on the host, which a traced tensor cannot give; TensorFlow checks
 * them itself when the step runs. The result puts the backend's kernel back.
 */
export function gatherKernel(): () => void {
  const kernel = tf.getKernel('GatherV2', 'tensorflow');
  const original = kernel.kernelFunc;
  kernel.kernelFunc = ({ inputs, attrs, backend }) => {
    const { x, indices } = inputs as { readonly x: tf.TensorInfo; readonly indices: tf.TensorInfo };
    const { axis, batchDims } = attrs as { readonly axis: number; readonly batchDims: number };
    const attributes: Attribute[] = [
      { name: 'batch_dims', type: AttributeType.int, value: batchDims },
      typeAttribute('Tparams', codes[x.dtype]!),
      typeAttribute('Tindices', codes[indices.dtype]!),
      typeAttribute('Taxis', TF.int32),
    ];
    const axisTensor = tf.scalar(axis, 'int32');
    return (backend as NodeBackend).executeSingleOutput('GatherV2', attributes, [x, indices, axisTensor]);
  };
  return () => {
    kernel.kernelFunc = original;
  };
}
