import type { Planes } from '../masks/resize-planes.js';
import { heatColor } from './heat-color.js';

/** Red, green and blue of every pixel, `[height, width, 3]`. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** What labels look like. */
export interface LabelColors {
  readonly colorOf: (label: number) => readonly [number, number, number];
  /** Label of pixels without a class: no border is drawn around them. */
  readonly ignoreIndex: number;
}

/** The class of every pixel: 0 background, 255 ignored. */
export interface Labels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * The strongest class's activation as heat over a photograph. Where the map is low, the photograph stays visible in gray;
 * the stronger, the more of the heat's color.
 *
 * @param cam planes of the photograph's size, values in 0…1
 */
export function heatOverlay({ width, height, data }: Picture, cam: Planes): Picture {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < width * height; i++) {
    let value = 0;
    for (let m = 0; m < cam.channels; m++) value = Math.max(value, cam.data[i * cam.channels + m]!);
    const heat = heatColor(value);
    const gray = 0.3 * data[3 * i]! + 0.59 * data[3 * i + 1]! + 0.11 * data[3 * i + 2]!;
    for (let c = 0; c < 3; c++) out[3 * i + c] = 0.3 * gray + 0.7 * heat[c]!;
  }
  return { width, height, data: out };
}

/** The classes' colors laid over a photograph, with their borders drawn; background leaves the photograph in pale gray. */
export function labelOverlay(image: Picture, labels: Labels, colors: LabelColors): Picture {
  const out = new Uint8Array(image.data.length);
  labels.data.forEach((label, i) => {
    const color = colors.colorOf(label);
    const gray = 0.3 * image.data[3 * i]! + 0.59 * image.data[3 * i + 1]! + 0.11 * image.data[3 * i + 2]!;
    for (let c = 0; c < 3; c++) {
      const pixel = image.data[3 * i + c]!;
      if (label === 0) out[3 * i + c] = 0.35 * pixel + 0.35 * gray + 0.3 * 255;
      else out[3 * i + c] = 0.35 * pixel + 0.65 * color[c]!;
    }
  });
  return withOutlines({ ...image, data: out }, labels, colors);
}

/** The borders of all labeled regions in full class colors. */
export function withOutlines(
  { width, height, data }: Picture,
  labels: Labels,
  { colorOf, ignoreIndex }: LabelColors,
): Picture {
  const out = Uint8Array.from(data);
  const at = (x: number, y: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? -1 : labels.data[y * width + x]!;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const label = at(x, y);
      if (label === 0 || label === ignoreIndex) continue;
      const border = [at(x - 1, y), at(x + 1, y), at(x, y - 1), at(x, y + 1)].some(
        (other) => other >= 0 && other !== label,
      );
      if (border) out.set(colorOf(label), 3 * (y * width + x));
    }
  }
  return { width, height, data: out };
}
