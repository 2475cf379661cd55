import { currentTrace } from './trace.js';

/**
 * `f()`, with the products in it left in float32 where a step is compiled with `precision: 'bf16'`. For the few products
 * whose results are compared or exponentiated; a gradient is computed outside of it, so wrap that of `tf.customGrad` too.
 *
 * @example
 * const logits = inFloat32(() => tf.matMul(teacher, student, false, true));
 */
export function inFloat32<T>(f: () => T): T {
  const trace = currentTrace();
  return trace ? trace.inPrecision('f32', f) : f();
}
