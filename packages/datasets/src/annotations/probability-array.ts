import { encodeNpy } from '@toco/formats';

/** Class probabilities of one image. */
export interface ImageProbabilities {
  readonly width: number;
  readonly height: number;
  /** Number of classes K, background included. */
  readonly channels: number;
  /** `[height, width, K]`, in 0 … 1. */
  readonly data: Float32Array;
}

/**
 * The npy file of an image's class probabilities, `[K, height, width]` with background first: float32, or of 8 bits, 255 · p
 * rounded, a quarter of the size.
 *
 * @example
 * await writeFile('2007_000033.npy', encodeProbabilities(probabilities, { bits: 8 }));
 */
export function encodeProbabilities(
  { width, height, channels, data }: ImageProbabilities,
  { bits }: { readonly bits: 8 | 32 },
): Uint8Array {
  const pixels = width * height;
  const out = bits === 8 ? new Uint8ClampedArray(data.length) : new Float32Array(data.length);
  for (let i = 0; i < pixels; i++) {
    for (let k = 0; k < channels; k++) {
      const value = data[i * channels + k]!;
      out[k * pixels + i] = bits === 8 ? 255 * value : value;
    }
  }
  const shape = [channels, height, width];
  return out instanceof Float32Array
    ? encodeNpy({ dtype: 'float32', shape, data: out })
    : encodeNpy({ dtype: 'uint8', shape, data: new Uint8Array(out.buffer) });
}
