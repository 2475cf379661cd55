import * as tf from '@tensorflow/tfjs-core';

/**
 * The one place that calls TensorFlow's own operations instead of tfjs kernels: tfjs' gradient of a dilated convolution
 * throws, though TensorFlow's `Conv2DBackpropInput` and `Conv2DBackpropFilter` take `dilations`. They are reached through
 * the backend's `executeSingleOutput`, like all of its kernels, so that a graph can be traced through them.
 */
export interface Convolution {
  readonly forward: (x: tf.Tensor, filter: tf.Tensor) => tf.Tensor4D;
  readonly inputGradient: (dy: tf.Tensor, filter: tf.Tensor, inputShape: readonly number[]) => tf.Tensor;
  readonly filterGradient: (dy: tf.Tensor, x: tf.Tensor, filterShape: readonly number[]) => tf.Tensor;
}

interface TensorFlowBackend {
  executeSingleOutput(name: string, attributes: readonly object[], inputs: readonly tf.Tensor[]): tf.Tensor;
  readonly binding: Readonly<Record<string, number>>;
  readonly isUsingGpuDevice: boolean;
}

/**
 * Convolution of stride 1 on the `tensorflow` backend; `undefined` where another backend is active, or where TensorFlow computes
 * without oneDNN: its own CPU kernels have no gradient with dilation.
 *
 * @param padding explicit padding has no gradient in oneDNN either
 */
export function tensorflowConvolution(dilation: number, padding: 'SAME' | 'VALID'): Convolution | undefined {
  if (tf.getBackend() !== 'tensorflow') return undefined;
  const backend = tf.backend() as tf.KernelBackend & TensorFlowBackend;
  if (!backend.isUsingGpuDevice && !usesOneDnn()) return undefined;
  const { binding } = backend;
  const attributes = [
    { name: 'T', type: binding['TF_ATTR_TYPE'], value: binding['TF_FLOAT'] },
    { name: 'strides', type: binding['TF_ATTR_INT'], value: [1, 1, 1, 1] },
    { name: 'padding', type: binding['TF_ATTR_STRING'], value: padding },
    { name: 'data_format', type: binding['TF_ATTR_STRING'], value: 'NHWC' },
    { name: 'use_cudnn_on_gpu', type: binding['TF_ATTR_BOOL'], value: true },
    { name: 'dilations', type: binding['TF_ATTR_INT'], value: [1, dilation, dilation, 1] },
  ];
  const sizes = (shape: readonly number[]): tf.Tensor => tf.tensor1d([...shape], 'int32');
  const run = (name: string, inputs: readonly tf.Tensor[]): tf.Tensor =>
    backend.executeSingleOutput(name, attributes, inputs);
  return {
    forward: (x, filter) => run('Conv2D', [x, filter]) as tf.Tensor4D,
    inputGradient: (dy, filter, shape) => run('Conv2DBackpropInput', [sizes(shape), filter, dy]),
    filterGradient: (dy, x, shape) => run('Conv2DBackpropFilter', [x, sizes(shape), dy]),
  };
}

/**
 * Without being asked, TensorFlow takes oneDNN on some processors only, and does not tell; `initBackend` of `@toco/runtime` asks
 * for it where there is one. A program that loads TensorFlow otherwise can set the variable itself.
 */
function usesOneDnn(): boolean {
  const { process } = globalThis as {
    process?: { readonly env: Readonly<Record<string, string | undefined>> };
  };
  return process?.env['TF_ENABLE_ONEDNN_OPTS'] === '1';
}
