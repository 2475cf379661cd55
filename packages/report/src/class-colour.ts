import { vocPalette } from '@toco/formats';

const palette = vocPalette();

/** The colour of a label in figures, as in PASCAL VOC's label images: 0 background, 255 ignored. */
export function classColour(label: number): readonly [number, number, number] {
  return [palette[3 * label]!, palette[3 * label + 1]!, palette[3 * label + 2]!];
}

/** {@link classColour} for a style sheet: `#c08080`. */
export function classHexColour(label: number): string {
  return `#${classColour(label)
    .map((value) => value.toString(16).padStart(2, '0'))
    .join('')}`;
}
