/** OKLab to 8-bit sRGB, by the matrices of its definition (Ottosson 2020). */
function srgbOfOklab(lightness: number, a: number, b: number): [number, number, number] {
  const long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const encode = (linear: number): number => {
    const clipped = Math.min(Math.max(linear, 0), 1);
    const value = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
    return Math.round(255 * value);
  };
  return [
    encode(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
    encode(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
    encode(-0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short),
  ];
}

/**
 * The color of an activation, `[red, green, blue]` in 0…255: from dark violet over red and orange to light yellow.
 *
 * Lightness in OKLab grows evenly with the value, so that what looks brighter is higher, in print without color too.
 *
 * @param value 0…1; values outside are clamped, NaN counts as 0
 */
export function heatColor(value: number): [number, number, number] {
  const t = value > 0 ? Math.min(value, 1) : 0;
  const lightness = 0.2 + 0.74 * t;
  const hue = ((285 + 180 * t ** 0.85) * Math.PI) / 180;
  const chroma = 0.07 + 0.13 * Math.sin(Math.PI * Math.min(1, 0.1 + t * 0.85));
  return srgbOfOklab(lightness, chroma * Math.cos(hue), chroma * Math.sin(hue));
}
