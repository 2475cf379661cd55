import { expect, test } from '@jest/globals';
import { correctionsOf } from '@toco/core';
import type { TrainingSample } from '@toco/datasets';
import { stepConfig } from '@toco/method';
import { judgeCrops, judgeLabels, judgePairs } from '../src/labels/judge.js';
import { differenceOf, shareOf } from '../src/labels/share.js';
import { tokenTruth, truthOf } from '../src/labels/truth.js';
import { behaviorVariants, sourceVariants } from '../src/labels/variants.js';

const [x, p] = [255, -1];
const truth = (...data: number[]) => ({ side: Math.sqrt(data.length), data: Int16Array.from(data) });

test('a share is that of the sums, and images are what varies', () => {
  const images = [
    { right: 3, all: 4 },
    { right: 1, all: 4 },
    { right: 0, all: 0 },
  ];
  // Residuals (3 − ½·4)/8, (1 − ½·4)/8 and 0: √(3/2 · (1/64 + 1/64)).
  expect(shareOf(images)).toEqual({ value: 0.5, error: Math.sqrt(3 / 64) });
  const same = images.map(({ right, all }) => ({ right: 2 * right, all: 2 * all }));
  expect(differenceOf(images, same)).toEqual({ value: 0, error: 0 });
  const none = [
    { right: 0, all: 0 },
    { right: 0, all: 0 },
  ];
  expect(shareOf(none).value).toBeNaN();
});

test('the error of a share of independent images is the binomial one', () => {
  const images = Array.from({ length: 400 }, (_, i) => ({ right: i % 4 === 0 ? 1 : 0, all: 1 }));
  const { value, error } = shareOf(images);
  expect(value).toBe(0.25);
  expect(error).toBeCloseTo(Math.sqrt((0.25 * 0.75) / 399), 12);
});

const sample = (lateFlips: { main: boolean; local: boolean }): TrainingSample =>
  ({
    cropSize: 2,
    imgBox: [0, 2, 0, 1],
    // The mask has followed the main view already.
    mask: Uint8Array.from(lateFlips.main ? [x, 1, x, 0] : [1, x, 0, x]),
    plan: { main: { lateFlip: lateFlips.main }, local: { lateFlip: lateFlips.local } },
  }) as unknown as TrainingSample;

test('truth: padding is none, and each view has its own flip', () => {
  const plain = truthOf(sample({ main: false, local: false }));
  expect([...plain.main.data]).toEqual([1, p, 0, p]);
  expect(plain.local).toBe(plain.main);
  const flipped = truthOf(sample({ main: true, local: false }));
  expect([...flipped.main.data]).toEqual([p, 1, p, 0]);
  expect([...flipped.local.data]).toEqual([1, p, 0, p]);
  expect([...truthOf(sample({ main: true, local: true })).local.data]).toEqual([p, 1, p, 0]);
});

test('a token is what most of its patch is', () => {
  const tokens = tokenTruth(truth(3, 3, p, p, 3, 0, p, 0, 0, 0, x, x, 0, 7, x, 7), 2);
  expect([...tokens.data]).toEqual([3, p, 0, x]);
});

test('labels: precision of what is labeled, coverage of what is there', () => {
  const counts = judgeLabels([2, 2, 0, 0, x, 1, 0, 2, 0], truth(2, 1, 0, 2, 2, p, p, x, 0));
  expect(counts).toEqual({
    objectRight: { right: 1, all: 3 },
    backgroundRight: { right: 2, all: 4 },
    objectFound: { right: 1, all: 4 },
    backgroundFound: { right: 2, all: 2 },
  });
});

test('pairs: of two tokens with a label, padding never right', () => {
  // Labeled: 1 1 0 0; their truths: 1, 2, 0, padding.
  const counts = judgePairs([1, 1, 0, 0], truth(1, 2, 0, p));
  expect(counts.alike).toEqual({ right: 0, all: 2 });
  // (1,0) and (2,0) are right, those with padding are not.
  expect(counts.unlike).toEqual({ right: 2, all: 4 });
  expect(judgePairs([1, 1, x, 0], truth(1, 1, 1, x))).toEqual({
    alike: { right: 1, all: 1 },
    unlike: { right: 0, all: 0 },
  });
});

test('crops: by a single pixel of an object', () => {
  const view = truth(...[0, 0, 0, 5], ...[0, 0, 0, 0], ...[p, p, 0, x], ...[p, p, 0, 0]);
  // Corners (0,0), (0,2), (2,0), (2,2), (0,1).
  const counts = judgeCrops(
    { signs: [0, 0, 0, 1, 1], origins: [0, 0, 0, 2, 2, 0, 2, 2, 0, 2], size: 2 },
    view,
  );
  expect(counts).toEqual({
    negativeRight: { right: 2, all: 3 },
    positiveRight: { right: 1, all: 2 },
    negatives: { right: 3, all: 5 },
    padding: { right: 1, all: 5 },
  });
});

test('each correction alone differs from reference by itself; sources leave out what the run has', () => {
  const config = stepConfig({ numClasses: 3 });
  const [reference, ...others] = behaviorVariants(config);
  expect(reference!.behavior).toEqual(correctionsOf('reference'));
  const corrected = ({ behavior }: (typeof others)[number]): string[] =>
    Object.entries(behavior)
      .filter(([, value]) => value === 'corrected')
      .map(([name]) => name);
  expect(others.map(corrected)).toEqual([
    ...['tokenBox', 'lateFlip', 'cropPadding', 'rounding', 'oddSizes'].map((name) => [name]),
    ['tokenBox', 'lateFlip', 'cropPadding', 'rounding', 'oddSizes'],
  ]);
  const names = sourceVariants({ ...config, cam: { ...config.cam, scales: [1, 0.5] } }).map(
    ({ name }) => name,
  );
  expect(names.slice(0, 5)).toEqual(['main', 'aux', 'mean', 'main, scales 1', 'aux, scales 1']);
  expect(new Set(names).size).toBe(names.length);
});
