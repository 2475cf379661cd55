import { describe, expect, test } from '@jest/globals';
import type { RgbImage } from '../../src/image/rgb-image.js';
import { randomStream } from '../../src/random/random.js';
import { flip } from '../../src/transforms/flip.js';
import type { Appearance } from '../../src/views/appearance.js';
import { applyViews, type Views } from '../../src/views/apply-views.js';
import { drawViews } from '../../src/views/view-plan.js';
import { defaultViewOptions, type ViewOptions } from '../../src/views/view-options.js';

/** Red tells the column, green the row; blue is never black, so that padding shows. */
const coordinates: RgbImage = (() => {
  const [width, height] = [60, 44];
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) data.set([(i % width) * 4, Math.floor(i / width) * 4, 200], i * 3);
  return { width, height, data };
})();

/** Colors untouched: only geometry is left. */
const geometry: ViewOptions = {
  ...defaultViewOptions,
  cropSize: 48,
  colorJitter: { ...defaultViewOptions.colorJitter, probability: 0 },
  grayProbability: 0,
  mainBlurProbability: 0,
  localBlurProbability: 0,
  secondBlurProbability: 0,
  solarizeProbability: 0,
};

const draws = 400;
/** Four standard errors of a share. */
const tolerance = (p: number): number => 4 * Math.sqrt((p * (1 - p)) / draws);

function share(test: (views: Views, i: number) => boolean, options: ViewOptions): number {
  let hits = 0;
  for (let i = 0; i < draws; i++) {
    if (test(applyViews(coordinates, drawViews(randomStream(9, i), coordinates, options)), i)) hits++;
  }
  return hits / draws;
}

function isReal(view: RgbImage, y: number, x: number): boolean {
  return view.data[(y * view.width + x) * 3 + 2] !== 0;
}

function boxFits(view: RgbImage, [y0, y1, x0, x1]: Views['imgBox']): boolean {
  for (let y = 0; y < view.height; y++) {
    for (let x = 0; x < view.width; x++) {
      if (isReal(view, y, x) !== (y >= y0 && y < y1 && x >= x0 && x < x1)) return false;
    }
  }
  return true;
}

/** Whether columns run from right to left. */
function isMirrored(view: RgbImage, [y0, , x0, x1]: readonly number[]): boolean {
  return view.data[(y0! * view.width + x0!) * 3]! > view.data[(y0! * view.width + x1! - 1) * 3]!;
}

const same = (a: RgbImage, b: RgbImage): boolean => Buffer.compare(a.data, b.data) === 0;
const whole = [0, 48, 0, 48];

describe('geometry, corrected', () => {
  test('main view and local source show the same pixels, and the box is theirs', () => {
    expect(share(({ main, local }) => same(main, local), geometry)).toBe(1);
    expect(share(({ main, imgBox }) => boxFits(main, imgBox), geometry)).toBe(1);
  });

  test('half of the images are flipped, and the second view flips on its own', () => {
    const mirrored = share(({ main, imgBox }) => isMirrored(main, imgBox), geometry);
    expect(Math.abs(mirrored - 0.5)).toBeLessThan(tolerance(0.5));
    const differ = share(
      ({ main, second, imgBox }) => isMirrored(main, imgBox) !== isMirrored(second, whole),
      geometry,
    );
    expect(Math.abs(differ - 0.5)).toBeLessThan(tolerance(0.5));
  });

  test('both enlarged and shrunk images occur, so that padding and cutting do', () => {
    const padded = share(({ imgBox }) => imgBox[1] - imgBox[0] < 48 || imgBox[3] - imgBox[2] < 48, geometry);
    expect(padded).toBeGreaterThan(0.2);
    expect(padded).toBeLessThan(0.8);
  });

  test('the second view has no padding', () => {
    expect(share(({ second }) => boxFits(second, [0, 48, 0, 48]), geometry)).toBe(1);
  });
});

describe('geometry, reference', () => {
  const reference: ViewOptions = { ...geometry, behavior: 'reference' };

  test('main view and local source are mirrored against each other on half of the images', () => {
    expect(share(({ main, local }) => same(main, local) || same(main, flip(local)), reference)).toBe(1);
    const mirrored = share(({ main, local }) => same(main, flip(local)), reference);
    expect(Math.abs(mirrored - 0.5)).toBeLessThan(tolerance(0.5));
  });

  test('the box is right before the late flip, hence wrong for part of the images after it', () => {
    expect(share(({ main, imgBox }) => boxFits(main, imgBox) || boxFits(flip(main), imgBox), reference)).toBe(
      1,
    );
    const wrong = share(({ main, imgBox }) => !boxFits(main, imgBox), reference);
    expect(wrong).toBeGreaterThan(0.08);
    expect(wrong).toBeLessThan(0.4);
  });

  test('apart from the late flips both behaviors draw the same', () => {
    for (let i = 0; i < 20; i++) {
      const corrected = drawViews(randomStream(4, i), coordinates, geometry);
      const drawn = drawViews(randomStream(4, i), coordinates, reference);
      expect({
        ...drawn,
        main: { ...drawn.main, lateFlip: false },
        local: { ...drawn.local, lateFlip: false },
      }).toEqual(corrected);
    }
  });
});

describe('appearance', () => {
  const plans = Array.from({ length: draws }, (_, i) =>
    drawViews(randomStream(1, i), coordinates, defaultViewOptions),
  );
  const shareOf = (test: (plan: (typeof plans)[number]) => boolean): number =>
    plans.filter(test).length / draws;
  const near = (p: number, test: (plan: (typeof plans)[number]) => boolean): void => {
    expect(Math.abs(shareOf(test) - p)).toBeLessThanOrEqual(tolerance(p));
  };

  test('probabilities are those of the method', () => {
    for (const view of ['main', 'local', 'second'] as const) {
      near(0.8, (plan) => plan[view].appearance.jitter.length === 4);
      near(0.2, (plan) => plan[view].appearance.gray);
    }
    near(1, (plan) => plan.main.appearance.blurSigma !== undefined);
    near(0.5, (plan) => plan.local.appearance.blurSigma !== undefined);
    near(0.1, (plan) => plan.second.appearance.blurSigma !== undefined);
    near(0, (plan) => plan.main.appearance.solarizeThreshold !== undefined);
    near(0, (plan) => plan.local.appearance.solarizeThreshold !== undefined);
    near(0.2, (plan) => plan.second.appearance.solarizeThreshold === 128);
  });

  test('the views are colored independently, in every order', () => {
    const brightnessOf = ({ jitter }: Appearance): number | undefined =>
      jitter.find(({ operation }) => operation === 'brightness')?.amount;
    const pairs = plans.flatMap(({ main, local }) => {
      const [first, other] = [brightnessOf(main.appearance), brightnessOf(local.appearance)];
      return first === undefined || other === undefined ? [] : [[first, other] as const];
    });
    expect(Math.abs(pairs.length / draws - 0.64)).toBeLessThan(tolerance(0.64));
    const agree = pairs.filter(([first, other]) => first > 1 === other > 1).length / pairs.length;
    expect(Math.abs(agree - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / pairs.length));
    expect(
      plans.some(({ main, local }) => main.appearance.jitter.length !== local.appearance.jitter.length),
    ).toBe(true);
    const orders = new Set(
      plans.map(({ main }) => main.appearance.jitter.map(({ operation }) => operation).join()),
    );
    expect(orders.size).toBe(25);
  });

  test('amounts stay in their ranges and reach near their ends', () => {
    const amounts = (operation: string): number[] =>
      plans
        .flatMap(({ main }) => main.appearance.jitter.filter((step) => step.operation === operation))
        .map((step) => step.amount);
    const expectRange = (values: number[], low: number, high: number): void => {
      const slack = (high - low) / 20;
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...values)).toBeLessThanOrEqual(high);
      expect(Math.min(...values)).toBeLessThan(low + slack);
      expect(Math.max(...values)).toBeGreaterThan(high - slack);
    };
    expectRange(amounts('brightness'), 0.6, 1.4);
    expectRange(amounts('contrast'), 0.6, 1.4);
    expectRange(amounts('saturation'), 0.8, 1.2);
    expectRange(amounts('hue'), -0.1, 0.1);
    expectRange(
      plans.map(({ main }) => main.appearance.blurSigma!),
      0.1,
      2,
    );
    expectRange(
      plans.map(({ crop }) => crop.width / coordinates.width),
      0.5 - 1 / 60,
      2,
    );
  });

  test('boxes of the second view have area and aspect within their ranges', () => {
    const large = { width: 500, height: 375 };
    for (let i = 0; i < 200; i++) {
      const [y0, y1, x0, x1] = drawViews(randomStream(2, i), large, defaultViewOptions).second.box;
      const [height, width] = [y1 - y0, x1 - x0];
      expect(y0 >= 0 && x0 >= 0 && y1 <= 375 && x1 <= 500).toBe(true);
      expect((height * width) / (500 * 375)).toBeGreaterThan(0.395);
      expect(width / height).toBeGreaterThan(0.745);
      expect(width / height).toBeLessThan(1.345);
    }
  });

  test('an image too narrow for any box gives the largest centered one of an allowed aspect', () => {
    const { box } = drawViews(randomStream(3), { width: 400, height: 30 }, defaultViewOptions).second;
    expect(box).toEqual([0, 30, 180, 220]);
  });
});
