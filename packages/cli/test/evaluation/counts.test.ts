import { expect, test } from '@jest/globals';
import { testNumbers, testSeed } from '@toco/testing';
import {
  countImage,
  countsOf,
  evaluationCounts,
  mergeCounts,
  type SeenImage,
  storedCounts,
} from '../../src/evaluation/counts.js';
import { figuresOf } from '../../src/evaluation/figures.js';
import { placesOf } from '../../src/shards/shard.js';

const numClasses = 5;
const options = {
  numClasses,
  columns: ['cam', 'camAux', 'single', 'crf'],
  thresholds: [0.2, 0.5, 0.7],
} as const;
const how = { threshold: 0.5, ignoreIndex: 255 };

function seenImages(count: number, random: () => number): SeenImage[] {
  const below = (limit: number): number => Math.floor(random() * limit);
  return Array.from({ length: count }, (_, index) => {
    const [height, width] = [1 + below(6), 1 + below(6)];
    const classes = [0, 1, 3].filter(() => random() < 0.6);
    const pixels = (limit: number): Uint8Array =>
      Uint8Array.from({ length: height * width }, () => below(limit));
    const planes = { height, width, channels: classes.length };
    const cam = (): SeenImage['cam'] => ({
      ...planes,
      data: Float32Array.from({ length: height * width * classes.length }, random),
    });
    return {
      ...{ index, id: `image ${index}`, height, width, classes, cam: cam(), camAux: cam() },
      labels: Array.from({ length: numClasses - 1 }, () => below(2)),
      truth: pixels(numClasses).map((label) => (random() < 0.1 ? 255 : label)),
      predictions: { single: pixels(numClasses), crf: pixels(numClasses) },
      scores: Float32Array.from({ length: numClasses - 1 }, random),
      similarity: Float32Array.from({ length: 3 }, random),
    };
  });
}

test('parts, stored and merged in any order, give the figures of one pass, bit for bit', () => {
  const random = testNumbers(testSeed);
  for (const parts of [1, 2, 3, 7]) {
    const images = seenImages(11, random);
    const whole = evaluationCounts(options);
    for (const image of images) countImage(whole, image, how);
    whole.leftOut.push({ index: 11, id: 'broken', message: 'broken: cut short' });
    const stored = Array.from({ length: parts }, (_, index) => {
      const counts = evaluationCounts(options);
      for (const place of placesOf({ index, count: parts }, images.length + 1)) {
        if (place < images.length) countImage(counts, images[place]!, how);
        else counts.leftOut.push({ index: place, id: 'broken', message: 'broken: cut short' });
      }
      return JSON.stringify(storedCounts(counts));
    });
    const read = stored.map((text) => countsOf(JSON.parse(text) as Parameters<typeof countsOf>[0])).reverse();
    const merged = mergeCounts(read);
    for (const over of ['occurring', 'truth'] as const)
      expect(figuresOf(merged, { over })).toEqual(figuresOf(whole, { over }));
    expect(JSON.stringify(storedCounts(merged))).toBe(JSON.stringify(storedCounts(whole)));
  }
});

test('the sweep at the threshold of the table is the table', () => {
  const counts = evaluationCounts(options);
  for (const image of seenImages(8, testNumbers(testSeed + 1))) countImage(counts, image, how);
  const { columns, sweeps } = figuresOf(counts, { over: 'occurring' });
  for (const map of ['cam', 'camAux'] as const) {
    expect(sweeps[map]!.means[1]).toBe(columns[map]!.mean);
    expect(sweeps[map]!.best.mean).toBe(Math.max(...sweeps[map]!.means));
  }
});

test('without masks there is no IoU, and the rest is there', () => {
  const counts = evaluationCounts(options);
  for (const image of seenImages(3, testNumbers(3))) countImage(counts, { ...image, truth: undefined }, how);
  const figures = figuresOf(counts, { over: 'occurring' });
  expect(figures).toMatchObject({ images: 3, masks: 0, columns: {}, sweeps: {} });
  expect(figures.f1).toBeGreaterThanOrEqual(0);
  expect(figures.similarity).toHaveLength(3);
});
