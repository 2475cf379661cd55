import type { Passes } from '../protocol/protocol.js';
import { type Planes, resizedRows, rowLengths, type Size } from './resize-planes.js';
import { combinations, rowMemory } from './wasm/row-memory.js';

/** Maps of one scale on its token grid. */
export interface ScaleMaps {
  readonly plain: Planes;
  /** Of the mirrored image, mirrored back; missing where there is no twin. */
  readonly mirrored?: Planes | undefined;
}

/** Rows of fused planes, from `top` on. The array is used again for the next strip. */
export interface Strip {
  readonly top: number;
  readonly planes: Planes;
  /** Turns the values of every pixel into their softmax, in place. */
  readonly softmax: () => void;
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
  const length = size.width * channels;
  const rows = Math.min(size.height, Math.max(1, Math.floor(stripValues / length)));
  const wholes = scales.map(({ plain, mirrored }) => ({
    // Resizing is linear: a sum may be taken on the small grid.
    plain: mirrored && mirror === 'sum' ? sumOf(plain, mirrored) : plain,
    twin: mirror === 'max' ? mirrored : undefined,
  }));
  const memory = rowMemory([
    ...wholes.flatMap(({ plain, twin }) =>
      [plain, twin].flatMap((one) => (one ? rowLengths(one, size) : [])),
    ),
    ...[rows * length, length],
  ]);
  const sources = wholes.map(({ plain, twin }) => ({
    write: resizedRows(plain, size, memory),
    writeTwin: twin && resizedRows(twin, size, memory),
  }));
  const strip = memory.floats(rows * length);
  const one = memory.floats(length);
  const combine = fusion === 'max' ? 'max' : 'add';
  const add = (into: Float32Array, how: 'max' | 'add'): void => {
    const from = one.byteOffset;
    memory.code.blend(from, from, 0, length, into.byteOffset, combinations[how]);
  };
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
        if (s > 0) add(into, combine);
      }
      if (fusion === 'mean') for (let i = 0; i < length; i++) into[i]! /= sources.length;
    }
    const data = strip.subarray(0, count * length);
    yield {
      top,
      planes: { height: count, width: size.width, channels, data },
      softmax: () => {
        memory.code.softmax(data.byteOffset, channels, count * size.width);
      },
    };
  }
}

function sumOf(a: Planes, b: Planes): Planes {
  return { ...a, data: a.data.map((value, i) => value + b.data[i]!) };
}
