import { TraceError } from './trace-error.js';

/**
 * Refuses host values that would be frozen into the graph although they look drawn or learned: more than `limit` bytes,
 * most of whose elements differ from each other. Structured values (weights of a resize, masks, grids) pass.
 */
export function guardConstant(
  data: ArrayLike<unknown> & { byteLength: number },
  limit: number,
  origin: () => string,
): void {
  if (data.byteLength <= limit || !isMostlyDistinct(data)) return;
  const size = `${(data.byteLength / 1024).toFixed(0)} KiB`;
  throw new TraceError(
    `${size} of ${origin()} would be frozen into the graph: random draws and data must come in with the batch, weights ` +
      'with the state; if they are meant to be constant, raise the option maxConstantBytes.',
  );
}

function isMostlyDistinct(data: ArrayLike<unknown>): boolean {
  const seen = new Set<unknown>();
  const half = data.length / 2;
  for (let i = 0; i < data.length; i++) {
    seen.add(data[i]);
    if (seen.size > half) return true;
    // Too few elements are left to reach half.
    if (seen.size + data.length - i - 1 < half) return false;
  }
  return false;
}
