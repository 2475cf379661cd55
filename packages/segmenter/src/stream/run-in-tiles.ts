import { resizedRows, type Planes, type Samples, type Size } from '../masks/resize-planes.js';
import { addTile, tileMean, tileOrigins, tileSum, type TileSum } from '../masks/tiles.js';
import type { PassEngine, PassOutput } from '../passes/pass-engine.js';
import type { Window } from '../protocol/protocol.js';
import type { ImageMaps, Twin } from '../passes/image-maps.js';
import { batchOf, isVector, mapsOf } from './batch-images.js';
import type { PlannedPass } from './plan-passes.js';

/** How an image is seen in tiles. */
export interface TilesOptions {
  /** The size at which it is cut. */
  readonly size: Size;
  readonly window: Window;
  readonly pass: PlannedPass;
  /** Tiles in one pass. */
  readonly batchSize: number;
}

/**
 * A pass over an image in tiles: each goes through the network by itself, and their maps are put together on one token grid, so
 * that what follows does not know of it. Vectors of the whole image are the tiles' largest values (scores) or their mean.
 */
export async function runInTiles(
  engine: PassEngine,
  image: Samples,
  { size, window, pass, batchSize }: TilesOptions,
): Promise<ImageMaps[]> {
  const { stride } = engine;
  const wholePatches = (side: number): number => side - (side % stride);
  const whole = { height: wholePatches(size.height), width: wholePatches(size.width) };
  const tile = {
    height: Math.min(window.size, whole.height),
    width: Math.min(window.size, whole.width),
  };
  const origins = (side: 'height' | 'width'): number[] =>
    tileOrigins(whole[side], { tile: tile[side], overlap: window.overlap, stride });
  // Tiles of narrow images are shapes of their own.
  const full = tile.height === window.size && tile.width === window.size;
  const fill = full ? batchSize * pass.twins.length : undefined;
  const joined = joinTiles({ whole, tile });
  const write = resizedRows(image, size);
  const rowLength = size.width * 3;
  const band: Samples = {
    ...{ height: tile.height, width: size.width, channels: 3 },
    data: new Float32Array(tile.height * rowLength),
  };
  for (const top of origins('height')) {
    for (let y = 0; y < tile.height; y++) write(top + y, band.data as Float32Array, y * rowLength);
    const lefts = origins('width');
    for (let first = 0; first < lefts.length; first += batchSize) {
      const some = lefts.slice(first, first + batchSize);
      const tiles = some.map((left) => columnsOf(band, left, tile.width));
      const result = await engine.run(batchOf(tiles, tile, pass.twins), pass.wanted, fill);
      for (const [t, twin] of pass.twins.entries()) {
        for (const [i, left] of some.entries())
          joined.add(twin, mapsOf(result, t * some.length + i, twin), [top, left]);
      }
    }
  }
  return pass.twins.map((twin) => ({ scale: pass.scale, twin, maps: joined.maps(twin) }));
}

/** Some columns of an image. */
function columnsOf({ height, width, channels, data }: Samples, left: number, count: number): Samples {
  const out = new Float32Array(height * count * channels);
  for (let y = 0; y < height; y++) {
    const from = (y * width + left) * channels;
    out.set(data.subarray(from, from + count * channels), y * count * channels);
  }
  return { height, width: count, channels, data: out };
}

interface TileJoint {
  add(twin: Twin, maps: ImageMaps['maps'], at: readonly [top: number, left: number]): void;
  maps(twin: Twin): ImageMaps['maps'];
}

/** Gathers the maps of tiles, at places in pixels. */
function joinTiles({ whole, tile }: { readonly whole: Size; readonly tile: Size }): TileJoint {
  const sums = { plain: new Map<string, TileSum>(), mirrored: new Map<string, TileSum>() };
  const vectors = { plain: new Map<string, Float32Array[]>(), mirrored: new Map<string, Float32Array[]>() };
  return {
    add(twin, maps, [top, left]) {
      for (const [name, planes] of Object.entries(maps)) {
        if (isVector(name)) {
          vectors[twin].set(name, [...(vectors[twin].get(name) ?? []), planes.data]);
          continue;
        }
        // Auxiliary maps may have a grid of their own.
        const [down, across] = [tile.height / planes.height, tile.width / planes.width];
        let sum = sums[twin].get(name);
        if (!sum) {
          sum = tileSum(whole.height / down, whole.width / across, planes.channels);
          sums[twin].set(name, sum);
        }
        addTile(sum, planes, [top / down, left / across]);
      }
    },
    maps(twin) {
      const entries: [string, Planes][] = [...sums[twin]].map(([name, sum]) => [name, tileMean(sum)]);
      for (const [name, tiles] of vectors[twin]) {
        const data = tiles[0]!.map((_, i) => {
          const values = tiles.map((values) => values[i]!);
          return (name as PassOutput) === 'similarity'
            ? values.reduce((sum, value) => sum + value, 0) / values.length
            : Math.max(...values);
        });
        entries.push([name, { height: 1, width: 1, channels: data.length, data }]);
      }
      return Object.fromEntries(entries);
    },
  };
}
