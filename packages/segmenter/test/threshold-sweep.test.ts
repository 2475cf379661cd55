import { describe, expect, test } from '@jest/globals';
import { testNumbers, testSeed } from '@toco/testing';
import { labelsOfCam } from '../src/masks/predict-labels.js';
import { confusionMatrix, countPixels, intersectionOverUnion } from '../src/metrics/confusion-matrix.js';
import { precisionRecall } from '../src/metrics/precision-recall.js';
import { addSweep, bestPoint, countCam, sweepCounts, sweepCurve } from '../src/metrics/threshold-sweep.js';

const ignoreIndex = 255;
const numClasses = 6;
const thresholds = [0.05, 0.25, 0.3, 0.5, 0.9];

/** An image's CAM with many ties and values that are thresholds exactly, and a truth with ignored pixels. */
function drawn(random: () => number) {
  const [width, height] = [1 + Math.floor(random() * 7), 1 + Math.floor(random() * 7)];
  const classes = [0, 2, 3, -1].filter(() => random() < 0.7);
  const channels = classes.length;
  const data = Float32Array.from(
    { length: width * height * channels },
    () => [Math.fround(0.3), 0.25, 0.5, random(), random()][Math.floor(random() * 5)]!,
  );
  const truth = Uint8Array.from({ length: width * height }, () =>
    random() < 0.15 ? ignoreIndex : [0, 0, 1, 3, 4][Math.floor(random() * 5)]!,
  );
  return { cam: { width, height, channels, data }, classes, truth };
}

describe.each(['occurring', 'truth'] as const)('the mean over %s', (over) => {
  test('one pass gives what a confusion matrix for every threshold gives', () => {
    const random = testNumbers(testSeed);
    for (let round = 0; round < 30; round++) {
      const images = Array.from({ length: 4 }, () => drawn(random));
      const parts = [0, 1].map((part) => {
        const counts = sweepCounts(numClasses, thresholds);
        for (const { cam, classes, truth } of images.filter((_, i) => i % 2 === part))
          countCam(counts, cam, { classes, truth, ignoreIndex });
        return counts;
      });
      const whole = sweepCounts(numClasses, thresholds);
      for (const part of parts) addSweep(whole, part);
      const curve = sweepCurve(whole, { over });
      expect(curve.map(({ threshold }) => threshold)).toEqual(thresholds);
      for (const { threshold, iou } of curve) {
        const matrix = confusionMatrix(numClasses);
        for (const { cam, classes, truth } of images) {
          const prediction = labelsOfCam(cam, { size: cam, classes, threshold });
          countPixels(matrix, { truth, prediction }, { ignoreIndex });
        }
        expect(iou).toEqual(intersectionOverUnion(matrix, { over }));
      }
    }
  });
});

test('the best threshold is the lowest of the best', () => {
  const counts = sweepCounts(2, [0.0625, 0.2, 0.6, 0.8]);
  const cam = { width: 3, height: 1, channels: 1, data: Float32Array.of(0.0625, 0.7, 0.9) };
  countCam(counts, cam, { classes: [0], truth: [0, 1, 1], ignoreIndex });
  const curve = sweepCurve(counts);
  expect(curve.map(({ iou }) => iou.mean)).toEqual([1, 1, 1, 0.5]);
  expect(bestPoint(curve).threshold).toBe(0.0625);
});

test('thresholds must ascend', () => {
  expect(() => sweepCounts(2, [])).toThrow('must ascend');
  expect(() => sweepCounts(2, [0.2, 0.2])).toThrow('must ascend');
});

test('a class that the truth lacks counts 0 among those that occur, and nothing among those of the truth', () => {
  const matrix = confusionMatrix(4);
  countPixels(matrix, { truth: [0, 0, 1, 1], prediction: [0, 2, 1, 1] }, { ignoreIndex });
  expect(intersectionOverUnion(matrix)).toEqual({
    mean: 0.5,
    perClass: [0.5, 1, 0, Number.NaN],
    absent: [3],
  });
  expect(intersectionOverUnion(matrix, { over: 'truth' })).toEqual({
    mean: 0.75,
    perClass: [0.5, 1, 0, Number.NaN],
    absent: [2, 3],
  });
});

test('precision and recall of classes, of objects and of background', () => {
  const matrix = confusionMatrix(3);
  // An object that is taken for another one is found all the same.
  countPixels(
    matrix,
    { truth: [0, 0, 0, 0, 1, 1, 1, 2, 255], prediction: [0, 0, 0, 1, 1, 2, 0, 0, 1] },
    { ignoreIndex },
  );
  expect(precisionRecall(matrix)).toEqual({
    perClass: [
      { precision: 3 / 5, recall: 3 / 4 },
      { precision: 1 / 2, recall: 1 / 3 },
      { precision: 0, recall: 0 },
    ],
    foreground: { precision: 2 / 3, recall: 2 / 4 },
    background: { precision: 3 / 5, recall: 3 / 4 },
  });
});
