/** Turns a function of tensors into one that computes the same in fewer passes over memory. */
export type Fuse = <A extends unknown[], R>(f: (...inputs: A) => R) => (...inputs: A) => R;

let current: Fuse = (f) => f;

/**
 * Runs `f` with chains of element-by-element operations compiled by `compiler`: normalisations, activations, refinement,
 * losses and the optimiser, whose time is that of reading and writing.
 *
 * @param compiler `fused` of `@toco/graph` in a compiled step
 * @example
 * const step = await compile((state, batch) => fusing(fused, () => trainStep(state, batch)), example);
 */
export function fusing<T>(compiler: Fuse, f: () => T): T {
  const outer = current;
  current = compiler;
  try {
    return f();
  } finally {
    current = outer;
  }
}

/**
 * `f` through the compiler of {@link fusing}; `f` itself where there is none.
 *
 * All tensors that `f` uses must be arguments (tensors or trees of them), and no gradient may look inside: call it within
 * {@link customGradient} or {@link withoutGradient}.
 *
 * @example
 * const y = fuse((x: tf.Tensor, scale: tf.Tensor) => tf.square(tf.mul(x, scale)))(x, scale);
 */
export const fuse: Fuse =
  (f) =>
  (...inputs) =>
    current(f)(...inputs);
