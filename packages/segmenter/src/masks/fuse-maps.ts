import type { Passes } from '../protocol/protocol.js';
import { type Planes, resizedRows, type Size } from './resize-planes.js';

/** Maps of one scale on its token grid. */
export interface ScaleMaps {
  readonly plain: Planes;
  /** Of the mirrored image, mirrored back; missing where there is no twin. */
  readonly mirrored?: Planes | undefined;
}

/** Rows of fused planes: `rows` of them from `top` on. The array is used again for the next strip. */
export interface Strip {
  readonly top: number;
  readonly planes: Planes;
}

/** Values that a strip holds at most, unless a single row has more: 4 MB. */
const stripValues = 2 ** 20;

/**
 * Maps of all scales at the size of the image, fused: per scale both twins are resized (bilinear, half-pixel) and become one by
 * `mirror`, then the scales by `fusion`. In strips of rows, so that `[H,W,K]` is never there at once.
 *
 * @param rectify whether what is negative after the mirror becomes 0 (CAMs)
 */
export function* fusedStrips(
  scales: readonly ScaleMaps[],
  size: Size,
  {
    mirror,
    fusion,
    rectify = false,
  }: Pick<Passes, 'mirror' | 'fusion'> & { readonly rectify?: boolean | undefined },
): Generator<Strip> {
  const channels = scales[0]!.plain.channels;
  const sources = scales.map(({ plain, mirrored }) => {
    // Resizing is linear: a sum may be taken on the small grid.
    const whole = mirrored && mirror === 'sum' ? sumOf(plain, mirrored) : plain;
    return {
      write: resizedRows(whole, size),
      writeTwin: mirrored && mirror === 'max' ? resizedRows(mirrored, size) : undefined,
    };
  });
  const length = size.width * channels;
  const rows = Math.min(size.height, Math.max(1, Math.floor(stripValues / length)));
  const strip = new Float32Array(rows * length);
  const one = new Float32Array(length);
  const combine = fusion === 'max' ? 'max' : 'add';
  for (let top = 0; top < size.height; top += rows) {
    const count = Math.min(rows, size.height - top);
    for (let r = 0; r < count; r++) {
      const into = strip.subarray(r * length, (r + 1) * length);
      for (const [s, { write, writeTwin }] of sources.entries()) {
        if (s > 0 && !writeTwin && !rectify) {
          write(top + r, into, 0, combine);
          continue;
        }
        const target = s === 0 ? into : one;
        write(top + r, target, 0);
        writeTwin?.(top + r, target, 0, 'max');
        if (rectify) for (let i = 0; i < length; i++) if (target[i]! < 0) target[i] = 0;
        if (s === 0) continue;
        if (combine === 'add') for (let i = 0; i < length; i++) into[i]! += one[i]!;
        else for (let i = 0; i < length; i++) if (one[i]! > into[i]!) into[i] = one[i]!;
      }
      if (fusion === 'mean') for (let i = 0; i < length; i++) into[i]! /= sources.length;
    }
    const data = strip.subarray(0, count * length);
    yield { top, planes: { height: count, width: size.width, channels, data } };
  }
}

function sumOf(a: Planes, b: Planes): Planes {
  return { ...a, data: a.data.map((value, i) => value + b.data[i]!) };
}
