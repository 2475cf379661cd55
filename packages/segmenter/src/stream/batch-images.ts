import { mirrorPlanes } from '../masks/mirror-planes.js';
import { resizedRows, type Samples, type Size } from '../masks/resize-planes.js';
import type { ImageMaps, Twin } from '../passes/image-maps.js';
import type { PassImages, PassOutput, PassResult } from '../passes/pass-engine.js';

/** Outputs that are one vector for an image, `[1,1,length]` as planes. */
const vectors = new Set<string>(['clsLogits', 'auxLogits', 'similarity'] satisfies PassOutput[]);

/** Whether an output is one vector for an image, and no map. */
export function isVector(output: string): boolean {
  return vectors.has(output);
}

/** Images at a size, all plain ones first, then all mirrored ones. */
export function batchOf(
  images: readonly Samples[],
  { height, width }: Size,
  twins: readonly Twin[],
): PassImages {
  const length = height * width * 3;
  const data = new Float32Array(twins.length * images.length * length);
  images.forEach((image, b) => {
    const write = resizedRows(image, { height, width });
    const [first] = twins;
    const at = b * length;
    for (let y = 0; y < height; y++) write(y, data, at + y * width * 3);
    const plain = data.subarray(at, at + length);
    if (first === 'mirrored') mirror(plain, width, plain.slice());
    else if (twins.length > 1)
      mirror(data.subarray((images.length + b) * length, (images.length + b + 1) * length), width, plain);
  });
  return { data, shape: [twins.length * images.length, height, width, 3] };
}

/** Writes an image's pixels mirrored from left to right. */
function mirror(to: Float32Array, width: number, from: Float32Array): void {
  for (let row = 0; row < from.length; row += width * 3) {
    for (let x = 0; x < width; x++) {
      const a = row + x * 3;
      const b = row + (width - 1 - x) * 3;
      to[b] = from[a]!;
      to[b + 1] = from[a + 1]!;
      to[b + 2] = from[a + 2]!;
    }
  }
}

/** What row `b` of a batch got. */
export function mapsOf(result: PassResult, b: number, twin: Twin): ImageMaps['maps'] {
  const entries = Object.entries(result).map(([name, { data, shape }]) => {
    const vector = vectors.has(name);
    const [, height, width, channels] = (vector ? [shape[0], 1, 1, shape[1]] : shape) as [
      number,
      number,
      number,
      number,
    ];
    const length = height * width * channels;
    // A copy, so that no batch is kept by one of its images.
    const planes = {
      ...{ height, width, channels },
      data: (data as Float32Array).slice(b * length, (b + 1) * length),
    };
    return [name, twin === 'mirrored' && !vector ? mirrorPlanes(planes) : planes] as const;
  });
  return Object.fromEntries(entries);
}
