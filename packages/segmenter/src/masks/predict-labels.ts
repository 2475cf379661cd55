import { type Planes, resizedRows, type Size } from './resize-planes.js';

/** The class of every pixel from segmentation logits `[h,w,K]`, resized to `size` before the arg max. */
export function labelsOfLogits(logits: Planes, size: Size): Uint8Array {
  const labels = new Uint8Array(size.height * size.width);
  const { channels } = logits;
  const row = new Float32Array(size.width * channels);
  const write = resizedRows(logits, size);
  for (let y = 0; y < size.height; y++) {
    write(y, row, 0);
    largestChannels(row, channels, labels.subarray(y * size.width, (y + 1) * size.width));
  }
  return labels;
}

/** Writes the channel with the largest value of every pixel, the first of equal ones. */
export function largestChannels(values: Float32Array, channels: number, labels: Uint8Array): void {
  for (let i = 0, at = 0; i < labels.length; i++, at += channels) {
    let best = 0;
    let most = values[at]!;
    for (let k = 1; k < channels; k++) {
      const value = values[at + k]!;
      if (value > most) {
        most = value;
        best = k;
      }
    }
    labels[i] = best;
  }
}

/**
 * The class of every pixel from CAM planes, resized to `size`: the class of the largest plane where it is above
 * `threshold`, else background.
 *
 * @param classes class index of each plane, −1 for padding
 */
export function labelsOfCam(
  cam: Planes,
  { size, classes, threshold }: { size: Size; classes: ArrayLike<number>; threshold: number },
): Uint8Array {
  const { channels } = cam;
  const labels = new Uint8Array(size.height * size.width);
  const row = new Float32Array(size.width * channels);
  const write = resizedRows(cam, size);
  for (let y = 0, i = 0; y < size.height; y++) {
    write(y, row, 0);
    for (let x = 0; x < size.width; x++, i++) {
      let best = -1;
      let value = threshold;
      for (let m = 0; m < channels; m++) {
        if (classes[m]! >= 0 && row[x * channels + m]! > value) {
          value = row[x * channels + m]!;
          best = m;
        }
      }
      labels[i] = best < 0 ? 0 : classes[best]! + 1;
    }
  }
  return labels;
}
