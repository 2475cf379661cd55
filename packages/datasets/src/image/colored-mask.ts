import type { LabelMap } from '@toco/formats';
import { UserError } from '@toco/files';
import sharp from 'sharp';
import type { ColoredMask } from './encoded-mask.js';

/** `250, 50, 83` of `0xfa3253`. */
export function formatColor(color: number): string {
  return [color >> 16, (color >> 8) & 0xff, color & 0xff].join(', ');
}

/**
 * The labels of a mask whose classes have colors. Colors are compared as they are stored; profiles are not applied.
 *
 * @throws One line for a color without a class, a number that the label map does not reach, or no image at all.
 */
export async function decodeColoredMask(bytes: Uint8Array, colors: ColoredMask['colors']): Promise<LabelMap> {
  const image = sharp(bytes, { ignoreIcc: true });
  const { channels, isPalette } = await image.metadata();
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const numbers = info.channels === 1 || (channels < 3 && isPalette !== true);
  const labels = new Map(colors.map(({ color, label }, i) => [numbers ? i : color, label]));
  const out = new Uint8Array(width * height);
  // Neighbors are mostly of one class.
  let [last, label] = [-1, 0];
  for (let i = 0; i < out.length; i++) {
    const at = i * info.channels;
    const value = numbers ? data[at]! : (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!;
    if (value !== last) {
      const found = labels.get(value);
      if (found === undefined) {
        const where = `at row ${Math.floor(i / width)}, column ${i % width}`;
        throw new UserError(
          numbers
            ? `number ${value} ${where} is beyond the ${colors.length} lines of the label map`
            : `color ${formatColor(value)} ${where} is none of the label map's; add a line for it, or save the mask without smoothing`,
        );
      }
      [last, label] = [value, found];
    }
    out[i] = label;
  }
  return { width, height, data: out };
}
