import type { RandomStream } from '../random/random.js';
import type { Box } from '../transforms/crop.js';
import type { Range } from './view-options.js';

/** Draws before the crop falls back on the largest centered one of an allowed aspect. */
const ATTEMPTS = 10;

/** A random box of an image: its share of the area is uniform, its aspect (width / height) log-uniform. */
export function drawResizedCropBox(
  random: RandomStream,
  size: { readonly width: number; readonly height: number },
  ranges: { readonly areaRange: Range; readonly aspectRange: Range },
): Box {
  const { width, height } = size;
  const [narrow, wide] = ranges.aspectRange;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = width * height * random.uniform(...ranges.areaRange);
    const aspect = Math.exp(random.uniform(Math.log(narrow), Math.log(wide)));
    const boxWidth = Math.round(Math.sqrt(area * aspect));
    const boxHeight = Math.round(Math.sqrt(area / aspect));
    if (boxWidth < 1 || boxHeight < 1 || boxWidth > width || boxHeight > height) continue;
    const top = random.integer(0, height - boxHeight);
    const left = random.integer(0, width - boxWidth);
    return [top, top + boxHeight, left, left + boxWidth];
  }
  const aspect = Math.min(wide, Math.max(narrow, width / height));
  const boxWidth = Math.max(1, Math.min(width, Math.round(height * aspect)));
  const boxHeight = Math.max(1, Math.min(height, Math.round(width / aspect)));
  const top = Math.floor((height - boxHeight) / 2);
  const left = Math.floor((width - boxWidth) / 2);
  return [top, top + boxHeight, left, left + boxWidth];
}
