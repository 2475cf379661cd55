import { expect, test } from '@jest/globals';
import { defaultViewOptions, viewOptionsOf, viewsSchema } from '@toco/datasets';

const { normalization: _normalization, behavior: _behavior, ...numbers } = defaultViewOptions;

test('without a word the views are those of the paper, to the digit', () => {
  expect(viewOptionsOf(viewsSchema.parse({}))).toEqual(numbers);
});

test('every number can be said', () => {
  const views = viewsSchema.parse({
    ...{ cropSize: 96, scale: [0.75, 1.5], flip: 0.25, grayscale: 0.125 },
    colorJitter: { probability: 0.5, brightness: 0.1, contrast: 0.2, saturation: 0.3, hue: 0.05 },
    blur: { sigma: [1, 3], main: 0.4, local: 0.6, second: 0.7 },
    second: { area: [0.3, 0.9], aspect: [0.5, 2] },
    solarize: { probability: 0.35, threshold: 100 },
  });
  const options = viewOptionsOf(views);
  expect(options).toEqual({
    ...{ cropSize: 96, scaleRange: [0.75, 1.5], flipProbability: 0.25, grayProbability: 0.125 },
    colorJitter: { probability: 0.5, brightness: 0.1, contrast: 0.2, saturation: 0.3, hue: 0.05 },
    blurSigmaRange: [1, 3],
    ...{ mainBlurProbability: 0.4, localBlurProbability: 0.6, secondBlurProbability: 0.7 },
    ...{ areaRange: [0.3, 0.9], aspectRange: [0.5, 2] },
    ...{ solarizeProbability: 0.35, solarizeThreshold: 100 },
  });
  const differ = Object.keys(numbers) as (keyof typeof numbers)[];
  for (const key of differ) expect(options[key]).not.toEqual(numbers[key]);
});

test.each([
  [{ scale: [2, 0.5] }, /larger than the second/],
  [{ blur: { main: 1.5 } }, /1/],
  [{ colorJitter: { hue: 0.6 } }, /0.5/],
  [{ second: { area: [0, 1] } }, /0/],
  [{ grey: 0.1 }, /grey/],
])('%j is refused', (given, message) => {
  expect(() => viewsSchema.parse(given)).toThrow(message);
});
