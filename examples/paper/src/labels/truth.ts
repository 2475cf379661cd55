import { ignoredLabel, type TrainingSample } from '@toco/datasets';

/** Truth of pixels that the photograph does not cover: no label is right there. */
export const paddingTruth = -1;

/** The classes of a view's pixels, 0 = background, 255 = not known, −1 = padding. */
export interface Truth {
  readonly side: number;
  readonly data: Int16Array;
}

/** Truth of the main view of a sample with a mask, and of the view that local crops are cut from. */
export function truthOf(sample: TrainingSample): { readonly main: Truth; readonly local: Truth } {
  const { plan, cropSize: side, mask } = sample;
  const main = { side, data: Int16Array.from(mask!) };
  const [y0, y1, left, right] = sample.imgBox;
  // The box is that of before the late flip.
  const [x0, x1] = plan.main.lateFlip ? [side - right, side - left] : [left, right];
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      if (y < y0 || y >= y1 || x < x0 || x >= x1) main.data[y * side + x] = paddingTruth;
  return { main, local: plan.main.lateFlip === plan.local.lateFlip ? main : mirrored(main) };
}

function mirrored({ side, data }: Truth): Truth {
  const turned = Int16Array.from(data, (_, i) => data[i - (i % side) + (side - 1 - (i % side))]!);
  return { side, data: turned };
}

/** The truth of each token of a grid: what most pixels of its patch are. */
export function tokenTruth({ side, data }: Truth, grid: number): Truth {
  const cell = side / grid;
  const tokens = Int16Array.from({ length: grid * grid }, (_, token) => {
    const [top, left] = [Math.floor(token / grid) * cell, (token % grid) * cell];
    const counts = new Map<number, number>();
    for (let y = top; y < top + cell; y++)
      for (let x = left; x < left + cell; x++) {
        const kind = data[y * side + x]!;
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
    return [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most))[0];
  });
  return { side: grid, data: tokens };
}

/** Whether a truth is an object's. */
export const isObject = (truth: number): boolean => truth > 0 && truth !== ignoredLabel;
