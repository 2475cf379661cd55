import { describe, expect, test } from '@jest/globals';
import type { LabelMap } from '@toco/formats';
import { testSeed } from '@toco/testing';
import type { RgbImage } from '../../src/image/rgb-image.js';
import { randomStream, type RandomStream } from '../../src/random/random.js';
import { applyViews } from '../../src/views/apply-views.js';
import { mainViewMask } from '../../src/views/main-view-mask.js';
import { defaultViewOptions, type ViewOptions } from '../../src/views/view-options.js';
import { drawViews, type ViewPlan } from '../../src/views/view-plan.js';

/** Colors untouched: only geometry is left. */
const geometry: ViewOptions = {
  ...defaultViewOptions,
  cropSize: 40,
  colorJitter: { ...defaultViewOptions.colorJitter, probability: 0 },
  grayProbability: 0,
  mainBlurProbability: 0,
  localBlurProbability: 0,
  secondBlurProbability: 0,
  solarizeProbability: 0,
};

/** From a pixel of a crop of 40 × 40 to it and its eight neighbors. */
const around = [-41, -40, -39, -1, 0, 1, 39, 40, 41];

/** Labels 1 … 200 at random, each in blocks of `block × block` pixels. */
function randomLabels(random: RandomStream, { width, height }: RgbSize, block = 1): LabelMap {
  const blocks = Array.from({ length: Math.ceil(width / block) * Math.ceil(height / block) }, () =>
    random.integer(1, 200),
  );
  const across = Math.ceil(width / block);
  const data = Uint8Array.from({ length: width * height }, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    return blocks[Math.floor(y / block) * across + Math.floor(x / block)]!;
  });
  return { width, height, data };
}

type RgbSize = Pick<RgbImage, 'width' | 'height'>;

/** The mask as a photograph whose red is the label. */
const pictureOf = ({ width, height, data }: LabelMap): RgbImage => ({
  width,
  height,
  data: Uint8Array.from({ length: 3 * data.length }, (_, i) => (i % 3 === 0 ? data[i / 3]! : 90)),
});

/** Red of the main view where it is real, 255 in the padding. */
function redOf(
  image: RgbImage,
  random: RandomStream,
  options: ViewOptions,
): { red: number[]; mask: number[] } {
  const plan = drawViews(random, image, options);
  const { main } = applyViews(image, plan);
  const labels: LabelMap = { ...image, data: image.data.filter((_, i) => i % 3 === 0) };
  const red = Array.from(main.data.filter((_, i) => i % 3 === 0));
  // Blue is nowhere 0 in the image, and 0 in the padding.
  const blue = main.data.filter((_, i) => i % 3 === 2);
  return {
    red: red.map((value, i) => (blue[i] === 0 ? 255 : value)),
    mask: Array.from(mainViewMask(labels, plan).data),
  };
}

describe.each(['corrected', 'reference'] as const)('%s', (behavior) => {
  test('at scale 1 the mask of the main view is the main view, pixel by pixel', () => {
    const wrong: number[] = [];
    for (let i = 0; i < 200; i++) {
      const random = randomStream(testSeed, 11, i);
      const size = { width: random.integer(9, 70), height: random.integer(9, 70) };
      const image = pictureOf(randomLabels(random, size));
      const { red, mask } = redOf(image, random, { ...geometry, behavior, scaleRange: [1, 1] });
      if (!mask.every((label, k) => label === red[k])) wrong.push(i);
    }
    expect(wrong).toEqual([]);
  });

  test('rescaled, it agrees wherever the picture around is of one class; padding is 255', () => {
    let compared = 0;
    const wrong: number[][] = [];
    for (let i = 0; i < 100; i++) {
      const random = randomStream(testSeed, 12, i);
      const size = { width: random.integer(30, 90), height: random.integer(30, 90) };
      const image = pictureOf(randomLabels(random, size, 12));
      const { red, mask } = redOf(image, random, { ...geometry, behavior, scaleRange: [0.5, 2] });
      const labels = new Set(image.data);
      for (const [k, value] of red.entries()) {
        const padded = value === 255 || mask[k] === 255;
        // Where four blocks meet, the blends on both sides of the seam can all be alike, and a label by chance; corners are not.
        const plain = around.every((offset) => red[k + offset] === value) && labels.has(value);
        if (!padded && !plain) continue;
        compared += plain ? 1 : 0;
        if (mask[k] !== value) wrong.push([i, k, mask[k]!, value]);
      }
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(10_000);
  });
});

test('values are those of the mask: nothing between two labels comes up', () => {
  const random = randomStream(testSeed, 13);
  const mask: LabelMap = {
    width: 31,
    height: 17,
    data: Uint8Array.from({ length: 31 * 17 }, (_, i) => (i % 2 === 0 ? 1 : 200)),
  };
  for (let i = 0; i < 50; i++) {
    const { data } = mainViewMask(mask, drawViews(random, mask, geometry));
    expect([1, 200, 255]).toEqual(expect.arrayContaining([...new Set(data)]));
  }
});

describe('the pixel that holds the center counts', () => {
  const rowOf = (length: number, width: number, flip = false): number[] => {
    const appearance = { jitter: [], gray: false, blurSigma: undefined, solarizeThreshold: undefined };
    const mask: LabelMap = { width: length, height: 1, data: Uint8Array.from({ length }, (_, i) => i + 1) };
    const placement = { width: width + 2, height: 1, top: 0, left: 1 };
    const plan: ViewPlan = {
      crop: { width, height: 1, flip, placement },
      main: { lateFlip: false, appearance },
      local: { lateFlip: false, appearance },
      second: { box: [0, 1, 0, 1], flip: false, appearance },
    };
    return Array.from(mainViewMask(mask, plan).data);
  };

  test('shrunk to a third, the middle one of three', () => {
    expect(rowOf(9, 3)).toEqual([255, 2, 5, 8, 255]);
    expect(rowOf(9, 3, true)).toEqual([255, 8, 5, 2, 255]);
  });

  test('enlarged by half', () => {
    expect(rowOf(4, 6)).toEqual([255, 1, 2, 2, 3, 4, 4, 255]);
  });
});
