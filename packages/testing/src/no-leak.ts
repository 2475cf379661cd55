import * as tf from '@tensorflow/tfjs-core';

function disposeAll(value: unknown): void {
  if (value instanceof tf.Tensor) value.dispose();
  else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    for (const child of value instanceof Map ? value.values() : Object.values(value)) disposeAll(child);
  }
}

/**
 * Fails unless everything that `f` leaves behind is in what it returns: the tensors in its result (nested in objects, arrays
 * or maps) are disposed, and then as many tensors and data buffers must exist as before.
 *
 * @param f may be asynchronous; runs twice, so that whatever is made once does not count
 */
export async function expectNoLeak(f: () => unknown): Promise<void> {
  disposeAll(await f());
  const before = tf.memory();
  disposeAll(await f());
  const after = tf.memory();
  for (const what of ['numTensors', 'numDataBuffers'] as const) {
    if (after[what] !== before[what]) {
      throw new Error(`leak: ${what} went from ${before[what]} to ${after[what]}`);
    }
  }
}
