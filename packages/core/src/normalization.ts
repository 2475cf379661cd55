/** Mean color of ImageNet, of values in `0…1`. */
export const imagenetMean: Rgb = [0.485, 0.456, 0.406];

/** Standard deviation of ImageNet's colors, of values in `0…1`. */
export const imagenetStd: Rgb = [0.229, 0.224, 0.225];

/** One value per color channel: red, green, blue. */
export type Rgb = readonly [red: number, green: number, blue: number];
