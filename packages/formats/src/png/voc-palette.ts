/**
 * The colors of PASCAL VOC's label images: the bits of an index are dealt to red, green and blue in turn, from the most
 * significant bit of the color down, so that neighboring indices differ strongly. 255 is the cream of the ignored border.
 *
 * @returns 256 colors, `[red, green, blue]` each, 768 values
 * @example
 * vocPalette().subarray(15 * 3, 16 * 3); // person: 192, 128, 128
 */
export function vocPalette(): Uint8Array {
  const palette = new Uint8Array(768);
  for (let index = 0; index < 256; index++) {
    for (let bit = 0; bit < 8; bit++) {
      const channel = bit % 3;
      const place = 7 - Math.floor(bit / 3);
      palette[index * 3 + channel]! |= ((index >> bit) & 1) << place;
    }
  }
  return palette;
}
