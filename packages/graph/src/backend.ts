import * as tf from '@tensorflow/tfjs-core';
import { type Attribute } from './attribute.js';

/** What tfjs-node keeps of a tensor: values not yet uploaded, or the number of a native tensor. */
export interface TensorEntry {
  shape: number[];
  /** TensorFlow's number of the type. */
  dtype: number;
  id: number;
  values: tf.backend_util.TypedArray | null;
}

/** Description of a native tensor, as the native half returns it. */
export interface NativeInfo {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** The native half of tfjs-node, through which all computation passes. */
export interface Binding {
  executeOp(op: string, attributes: Attribute[], inputs: number[], outputs: number): NativeInfo[];
  createTensor(shape: number[], dtype: number, values: NodeJS.TypedArray): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): tf.backend_util.TypedArray;
}

/** The parts of tfjs-node's backend that tracing stands in for. */
export interface NodeBackend {
  binding: Binding;
  readonly isUsingGpuDevice: boolean;
  readonly tensorMap: { get(dataId: object): TensorEntry; has(dataId: object): boolean };
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  createOutputTensor(info: NativeInfo): tf.Tensor;
  executeSingleOutput(op: string, attributes: Attribute[], inputs: readonly tf.TensorInfo[]): tf.TensorInfo;
  read(dataId: object): Promise<tf.backend_util.TypedArray>;
  readSync(dataId: object): tf.backend_util.TypedArray;
}

/**
 * The active backend, which must be TensorFlow's.
 *
 * @throws otherwise: other backends have no graphs.
 */
export function nodeBackend(): NodeBackend {
  const name = tf.getBackend();
  if (name !== 'tensorflow') {
    throw new Error(
      `Compiling needs the tensorflow backend, but '${name}' is active: ` +
        "await tf.setBackend('tensorflow'), or call the step itself.",
    );
  }
  return tf.backend() as tf.KernelBackend & NodeBackend;
}
