import { vocPalette } from '@toco/formats';

const palette = vocPalette();

/** The color of a label in figures, as in PASCAL VOC's label images: 0 background, 255 ignored. */
export function classColor(label: number): readonly [number, number, number] {
  return [palette[3 * label]!, palette[3 * label + 1]!, palette[3 * label + 2]!];
}

/** {@link classColor} for a style sheet: `#c08080`. */
export function classHexColor(label: number): string {
  return `#${classColor(label)
    .map((value) => value.toString(16).padStart(2, '0'))
    .join('')}`;
}
