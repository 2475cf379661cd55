import { refuse } from './format-error.js';

/** NumPy's own limit on the number of axes. */
const mostAxes = 64;

/** Number of elements of `shape`; refuses what is no shape or has more elements than can be counted exactly. */
export function elementCount(shape: readonly unknown[]): number {
  if (shape.length > mostAxes) refuse(`shape has ${shape.length} axes, at most ${mostAxes} are supported`);
  let count = 1;
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      refuse('shape has an entry that is not a size');
    }
    count *= size;
  }
  if (!Number.isSafeInteger(count)) refuse(`shape [${shape.join()}] has too many elements`);
  return count;
}
