import { decodeRleCounts, type LabelMap, mergeRles, rleFromPolygon } from '@toco/formats';

/** The pixels of an object: run lengths of the whole image in COCO's text, or polygons, of which the object is the union. */
export type RegionShape =
  | { readonly counts: string }
  | {
      /** `[x0, y0, x1, y1, …]` each; the first pixel reaches from 0 to 1. */
      readonly polygons: readonly (readonly number[])[];
      /** What coordinates count: pixels, or shares of the image's width and height. */
      readonly unit: 'pixels' | 'shares';
    };

/** An object of an image with its label in the mask. Plain data. */
export type Region = RegionShape & {
  /** 1 … C, or 255. */
  readonly label: number;
};

/** Draws regions one over the other: the last one is on top. */
export function drawRegions(
  regions: readonly Region[],
  { width, height }: { readonly width: number; readonly height: number },
): LabelMap {
  const data = new Uint8Array(width * height);
  for (const region of regions) {
    const counts =
      'counts' in region ? decodeRleCounts(region.counts) : polygonCounts(region, { width, height });
    paint(data, { counts, height, label: region.label });
  }
  return { width, height, data };
}

function polygonCounts(
  { polygons, unit }: Extract<RegionShape, { polygons: unknown }>,
  { width, height }: { readonly width: number; readonly height: number },
): Uint32Array {
  const [x, y] = unit === 'pixels' ? [1, 1] : [width, height];
  const parts = polygons.map((points) =>
    rleFromPolygon(
      points.map((value, i) => value * (i % 2 === 0 ? x : y)),
      height,
      width,
    ),
  );
  return mergeRles(parts).counts;
}

function paint(
  data: Uint8Array,
  {
    counts,
    height,
    label,
  }: { readonly counts: Uint32Array; readonly height: number; readonly label: number },
): void {
  const width = data.length / height;
  let at = 0;
  counts.forEach((count, run) => {
    const end = Math.min(at + count, data.length);
    if (run % 2 === 0) at = end;
    for (; at < end; at++) data[(at % height) * width + Math.floor(at / height)] = label;
  });
}
