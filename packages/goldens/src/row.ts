import type * as tf from '@tensorflow/tfjs-core';

/** One checked quantity. */
export interface Row {
  /** File and key, such as `losses: ptc_grad`. */
  readonly quantity: string;
  /** What was measured, in the unit of `bound`. */
  readonly error: number;
  readonly bound: number;
  readonly unit: 'relative' | 'share of labels';
}

/** Whether a quantity is within its bound; NaN is not. */
export function passes({ error, bound }: Row): boolean {
  return error <= bound;
}

/** Options of {@link compareValues}. */
export interface Bound {
  readonly relative: number;
  /** Allowed besides: for quantities that are nearly 0. */
  readonly absolute?: number;
}

/**
 * Error of floating-point values: max |Δ| / max |expected|, after `absolute` has been taken off.
 *
 * @throws where the numbers of values differ
 */
export async function compareValues(
  quantity: string,
  actual: tf.Tensor | ArrayLike<number>,
  { expected, relative, absolute = 0 }: Bound & { readonly expected: ArrayLike<number> },
): Promise<Row> {
  const values = await valuesOf(actual);
  if (values.length !== expected.length) {
    throw new Error(`${quantity}: ${values.length} values instead of ${expected.length}`);
  }
  let error = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(values[i]! - expected[i]!);
    if (!(difference <= error)) error = difference; // NaN sticks
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  const beyond = Number.isNaN(error) ? error : Math.max(0, error - absolute);
  return { quantity, error: beyond === 0 ? 0 : beyond / scale, bound: relative, unit: 'relative' };
}

/** Share of labels that differ; at most 0.1 % may. */
export async function compareLabels(
  quantity: string,
  actual: tf.Tensor | ArrayLike<number>,
  expected: ArrayLike<number>,
): Promise<Row> {
  const values = await valuesOf(actual);
  if (values.length !== expected.length) {
    throw new Error(`${quantity}: ${values.length} labels instead of ${expected.length}`);
  }
  let different = 0;
  for (let i = 0; i < expected.length; i++) if (values[i] !== expected[i]) different++;
  return { quantity, error: different / expected.length, bound: 1e-3, unit: 'share of labels' };
}

async function valuesOf(values: tf.Tensor | ArrayLike<number>): Promise<ArrayLike<number>> {
  return 'dataId' in values ? await values.data() : values;
}
