/** Textures of bodies. */
export const bodyTextures = ['planks', 'stripes', 'dots', 'checks', 'waves', 'smooth'] as const;

/** One of the textures of bodies. */
export type BodyTexture = (typeof bodyTextures)[number];

/** Colors of bodies, in the order of the kinds: hue in degrees, saturation and lightness in percent. */
export const bodyColors: readonly { hue: number; saturation: number; lightness: number }[] = [
  { hue: 0, saturation: 65, lightness: 50 },
  { hue: 55, saturation: 75, lightness: 56 },
  { hue: 310, saturation: 60, lightness: 60 },
  { hue: 178, saturation: 70, lightness: 50 },
  { hue: 125, saturation: 65, lightness: 46 },
  { hue: 250, saturation: 70, lightness: 60 },
];

/** Color of what belongs to no class. */
export const neutralColor = { hue: 30, saturation: 8, lightness: 56 };

/**
 * The marks of a texture on a tile of 1 × 1, to be painted over the body's color; `undefined` for a smooth body.
 *
 * @param ink - Color of the marks.
 */
export function textureMarks(texture: BodyTexture, ink: string): string | undefined {
  switch (texture) {
    case 'planks':
      return `<rect width="1" height=".16" fill="${ink}"/>`;
    case 'stripes':
      return `<rect width=".4" height="1" fill="${ink}"/>`;
    case 'dots':
      return `<circle cx=".5" cy=".5" r=".26" fill="${ink}"/>`;
    case 'checks':
      return `<path d="M0 0h.5v.5h-.5ZM.5 .5h.5v.5h-.5Z" fill="${ink}"/>`;
    case 'waves':
      return `<path d="M0 .5Q.25 .1 .5 .5T1 .5" fill="none" stroke="${ink}" stroke-width=".2"/>`;
    case 'smooth':
      return undefined;
  }
}
