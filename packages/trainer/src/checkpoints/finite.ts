import type { NDArray } from '@toco/formats';

/** Values that should be numbers are none. The message names them; where and when is known to who trains. */
export class NonFiniteError extends Error {
  override readonly name = 'NonFiniteError';
}

/** @throws NonFiniteError that names the terms, unless loss and gradient of an iteration are numbers */
export function assertFinite(metrics: Readonly<Record<string, number>>): void {
  if (Number.isFinite(metrics['loss']) && Number.isFinite(metrics['gradNorm'])) return;
  const terms = Object.entries(metrics).filter(([, value]) => !Number.isFinite(value));
  throw new NonFiniteError(terms.map(([name, value]) => `${name} ${value}`).join(', '));
}

/** @throws NonFiniteError that names the first array that holds a NaN or an infinity */
export function assertFiniteArrays(arrays: Readonly<Record<string, NDArray>>): void {
  for (const [name, { data }] of Object.entries(arrays)) {
    if (data instanceof Float32Array && !isFinite(data)) {
      throw new NonFiniteError(`${name} holds values that are not finite numbers`);
    }
  }
}

/** Whether all values are numbers: x · 0 is NaN for NaN and ±∞, and so is a sum with it. */
function isFinite(data: Float32Array): boolean {
  let sum = 0;
  for (const value of data) sum += value * 0;
  return sum === 0;
}
