import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { photographLike } from './crf-inputs.js';

/** One picture of the benchmark; its bytes, `[height, width, 3]`, lie beside `images.json` in the file of its name. */
export interface PredictImage {
  readonly name: string;
  readonly height: number;
  readonly width: number;
}

/** The sizes that most images of VOC have. */
const sizes = [
  [375, 500],
  [333, 500],
  [500, 375],
  [334, 500],
] as const;

/** Writes `count` photo-like images of VOC's sizes, and `images.json`, into a folder. */
export function writePredictImages(folder: string, count: number): void {
  const images = Array.from({ length: count }, (_, i): PredictImage => {
    const [height, width] = sizes[i % sizes.length]!;
    const name = `${i}.rgb`;
    writeFileSync(join(folder, name), photographLike({ height, width }, i + 1));
    return { name, height, width };
  });
  writeFileSync(join(folder, 'images.json'), JSON.stringify(images));
}
