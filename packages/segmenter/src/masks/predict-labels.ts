import { resizePlanes, type Planes } from './resize-planes.js';

/** Height and width in pixels. */
export interface Size {
  readonly height: number;
  readonly width: number;
}

/** The class of every pixel from segmentation logits `[h,w,K]`, resized to `size` before the arg max. */
export function labelsOfLogits(logits: Planes, size: Size): Uint8Array {
  const { data, channels } = resizePlanes(logits, size);
  const labels = new Uint8Array(size.height * size.width);
  for (let i = 0; i < labels.length; i++) {
    let best = 0;
    for (let k = 1; k < channels; k++) if (data[i * channels + k]! > data[i * channels + best]!) best = k;
    labels[i] = best;
  }
  return labels;
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
  const { data, channels } = resizePlanes(cam, size);
  const labels = new Uint8Array(size.height * size.width);
  for (let i = 0; i < labels.length; i++) {
    let best = -1;
    let value = threshold;
    for (let m = 0; m < channels; m++) {
      if (classes[m]! >= 0 && data[i * channels + m]! > value) {
        value = data[i * channels + m]!;
        best = m;
      }
    }
    labels[i] = best < 0 ? 0 : classes[best]! + 1;
  }
  return labels;
}
