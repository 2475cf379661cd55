import type { LabelMap } from '@toco/formats';
import { vocPalette } from '@toco/formats';
import { UserError } from '@toco/files';
import sharp from 'sharp';
import { formatColor } from '../image/colored-mask.js';
import { meaningOfName } from './annotated-image.js';
import { filledLines, readTextFile } from './text-file.js';

// CVAT's "Segmentation mask 1.1" (and "Pascal VOC 1.1"): RGB masks in SegmentationClass/, colors in labelmap.txt.

/** A line of a label map: a name and its color, `0xRRGGBB`. */
export interface LabelColor {
  readonly name: string;
  readonly color: number;
}

/**
 * The lines `name:red,green,blue:parts:actions` of a `labelmap.txt`.
 *
 * @throws One line that names the file and the line that is wrong, or a color that two names have.
 */
export async function readLabelColors(path: string): Promise<LabelColor[]> {
  const lines = filledLines(await readTextFile(path)).filter((line) => !line.startsWith('#'));
  const found = lines.map((line) => {
    const [, name = '', rgb = ''] = /^(.*?):([\d,\s]+)(?::|$)/.exec(line) ?? [];
    const values = rgb.split(',').map(Number);
    if (name === '' || values.length !== 3 || !values.every((value) => value >= 0 && value <= 255))
      throw new UserError(`${path}: "${line.slice(0, 60)}" is not NAME:RED,GREEN,BLUE::, with 0 … 255`);
    return { name, color: (values[0]! << 16) | (values[1]! << 8) | values[2]! };
  });
  const colors = new Map<number, string>();
  for (const { name, color } of found) {
    const other = colors.get(color);
    if (other !== undefined)
      throw new UserError(
        `${path}: ${other} and ${name} have the same color ${formatColor(color)}; change one`,
      );
    colors.set(color, name);
  }
  if (!found.some(({ name }) => meaningOfName(name) === 'class'))
    throw new UserError(`${path}: names no class beside the background`);
  return found;
}

/** Colors for background and classes as VOC has them, and for pixels that are ignored. */
export function labelColors(classes: readonly string[]): LabelColor[] {
  const palette = vocPalette();
  const colorOf = (label: number): number =>
    (palette[3 * label]! << 16) | (palette[3 * label + 1]! << 8) | palette[3 * label + 2]!;
  return [
    { name: 'background', color: colorOf(0) },
    ...classes.map((name, i) => ({ name, color: colorOf(i + 1) })),
    { name: 'ignored', color: colorOf(255) },
  ];
}

/** The text of a `labelmap.txt`. */
export function labelColorsFile(colors: readonly LabelColor[]): string {
  const lines = colors.map(({ name, color }) => `${name}:${formatColor(color).replaceAll(' ', '')}::\n`);
  return `# label:color_rgb:parts:actions\n${lines.join('')}`;
}

/** A label map as a PNG of RGB, in the colors of {@link labelColors}. */
export async function coloredMaskPng({ width, height, data }: LabelMap): Promise<Uint8Array> {
  const palette = vocPalette();
  const rgb = new Uint8Array(3 * data.length);
  data.forEach((label, i) => rgb.set(palette.subarray(3 * label, 3 * label + 3), 3 * i));
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
