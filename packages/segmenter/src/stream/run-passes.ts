import { scaledSize } from '@toco/core';
import { resizedRows, type Samples, type Size } from '../masks/resize-planes.js';
import type { PassEngine } from '../passes/pass-engine.js';
import type { Protocol } from '../protocol/protocol.js';
import { baseSize, isFixed } from '../masks/base-size.js';
import type { ImageMaps } from '../passes/image-maps.js';
import { batchOf, mapsOf } from './batch-images.js';
import type { PlannedPass } from './plan-passes.js';
import { runInTiles } from './run-in-tiles.js';

/** How passes are run. */
export interface RunPassesOptions {
  readonly engine: PassEngine;
  readonly protocol: Protocol;
  readonly plan: readonly PlannedPass[];
  /** Images in one pass. */
  readonly batchSize: number;
}

/** The planned passes of images of one base size; what each image got, in the order of the plan. */
export async function runPasses(
  images: readonly Samples[],
  { engine, protocol, plan, batchSize }: RunPassesOptions,
): Promise<ImageMaps[][]> {
  const base = baseSize(images[0]!, protocol.size);
  const bases = images.map((image) => atSize(image, base));
  const results: ImageMaps[][] = images.map(() => []);
  for (const pass of plan) {
    const [height, width] = scaledSize([base.height, base.width], pass.scale, {
      stride: engine.stride,
      oddSizes: protocol.oddSizes,
    });
    const size = { height, width };
    const { window } = protocol;
    if (window && (height > window.size || width > window.size)) {
      for (const [b, image] of bases.entries())
        results[b]!.push(...(await runInTiles(engine, image, { size, window, pass, batchSize })));
      continue;
    }
    const fill = isFixed(protocol) ? batchSize * pass.twins.length : undefined;
    const batch = batchOf(bases, size, pass.twins);
    const result = await engine.run(batch, pass.wanted, fill);
    pass.twins.forEach((twin, t) => {
      images.forEach((_, b) => {
        results[b]!.push({
          ...{ scale: pass.scale, twin },
          maps: mapsOf(result, t * images.length + b, twin),
        });
      });
    });
  }
  return results;
}

/** The image at a size; its own bytes where that is its own. */
function atSize(image: Samples, size: Size): Samples {
  if (image.height === size.height && image.width === size.width) return image;
  const data = new Float32Array(size.height * size.width * image.channels);
  const write = resizedRows(image, size);
  for (let y = 0; y < size.height; y++) write(y, data, y * size.width * image.channels);
  return { ...size, channels: image.channels, data };
}
