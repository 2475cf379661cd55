import type { NDArray } from '@toco/formats';
import { axes, floats } from './rename.js';

/**
 * The class token `[1,1,D]` with its position, the first of `[1,1+N,D]`: what networks with registers begin with, whose
 * patches alone have positions in timm.
 */
export function placed(token: NDArray, positions: NDArray): NDArray {
  const [values, all] = [floats(token), floats(positions)];
  return { dtype: 'float32', shape: token.shape, data: values.map((value, i) => value + all[i]!) };
}

/** The patches' positions `[1,N,D]` out of `[1,1+N,D]`. */
export function withoutFirst(positions: NDArray): NDArray {
  const [one = 0, count = 0, width = 0] = axes(positions, 3, 'positions [1,1+N,D]');
  return { dtype: 'float32', shape: [one, count - 1, width], data: floats(positions).slice(width) };
}
