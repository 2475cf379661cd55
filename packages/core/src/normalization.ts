/** Mean color of ImageNet, of values in `0…1`. */
export const imagenetMean: Rgb = [0.485, 0.456, 0.406];

/** Standard deviation of ImageNet's colors, of values in `0…1`. */
export const imagenetStd: Rgb = [0.229, 0.224, 0.225];

/** Mean color that CLIP's images are normalized with, of values in `0…1`. */
export const clipMean: Rgb = [0.48145466, 0.4578275, 0.40821073];

/** Standard deviation that CLIP's images are normalized with, of values in `0…1`. */
export const clipStd: Rgb = [0.26862954, 0.26130258, 0.27577711];

/** One value per color channel: red, green, blue. */
export type Rgb = readonly [red: number, green: number, blue: number];
