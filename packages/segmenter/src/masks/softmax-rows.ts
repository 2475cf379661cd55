/** Softmax over the `channels` values of every pixel, in place. */
export function softmaxInPlace(values: Float32Array, channels: number): Float32Array {
  for (let at = 0; at < values.length; at += channels) {
    let most = -Infinity;
    for (let k = at; k < at + channels; k++) if (values[k]! > most) most = values[k]!;
    let sum = 0;
    for (let k = at; k < at + channels; k++) sum += values[k] = Math.exp(values[k]! - most);
    for (let k = at; k < at + channels; k++) values[k]! /= sum;
  }
  return values;
}
