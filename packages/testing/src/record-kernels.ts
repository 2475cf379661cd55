import * as tf from '@tensorflow/tfjs-core';

/** Runs `f` and counts the kernels that tfjs ran for it, forward and backward, by name. */
export async function recordKernels(f: () => unknown): Promise<ReadonlyMap<string, number>> {
  const engine = tf.engine();
  const counts = new Map<string, number>();
  const original = engine.runKernel.bind(engine);
  engine.runKernel = (name: string, ...rest: [tf.NamedTensorMap, tf.NamedAttrMap?]) => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return original(name, ...rest);
  };
  try {
    await f();
  } finally {
    Reflect.deleteProperty(engine, 'runKernel');
  }
  return counts;
}
