import { describe, expect, test } from '@jest/globals';
import { benchmarkConfig, sizesOf } from '../src/benchmark-config.js';
import { iterationFlops } from '../src/flop-count.js';

const flops = (backbone: string, crop: number, batch: number): ReturnType<typeof iterationFlops> =>
  iterationFlops(sizesOf(benchmarkConfig({ backbone, crop, batch })));

describe('work of an iteration', () => {
  test('ViT-B at 448, batch 4: 8.73 TFLOP, 12.76 with the passes that the original repeats', () => {
    const { deduplicated, original } = flops('vit_base_patch16_224', 448, 4);
    expect(deduplicated / 1e12).toBeCloseTo(8.73, 1);
    expect(original / 1e12).toBeCloseTo(12.76, 1);
  });

  test('DeiT-Tiny at 224, batch 4: about 160 GFLOP', () => {
    expect(Math.abs(flops('deit_tiny_patch16_224', 224, 4).deduplicated / 1e9 - 160)).toBeLessThan(3);
  });

  test('it is proportional to the batch', () => {
    const [one, four] = [flops('deit_small_patch16_224', 224, 1), flops('deit_small_patch16_224', 224, 4)];
    expect(four.ours).toBeCloseTo(4 * one.ours, 0);
    expect(four.deduplicated).toBeCloseTo(4 * one.deduplicated, 0);
    expect(four.original).toBeCloseTo(4 * one.original, 0);
  });

  test('counted by hand for one token of width 1: every product is one multiplication and one addition', () => {
    const sizes = {
      dim: 1,
      depth: 1,
      patch: 1,
      decoderDim: 1,
      projection: { hidden: 1, bottleneck: 1, out: 1 },
      classes: 1,
      crop: 1,
      localCrops: { size: 1, count: 1 },
      scales: [1],
      batch: 1,
    };
    const block = 2 * 2 * 12 + 4 * 2 * 2; // two tokens: the class token and the patch
    const embedding = 6;
    const decoder = 2 * (9 + 9 + 2);
    const head = 8;
    const learned = 3 * (3 * block + 2 * embedding) + 3 * decoder; // main, second, one local crop
    const losses = 3 * 2 + 2 * (2 * 2 * 3) + 3 * 2 * 2; // token pairs, view pairs, both classifiers
    const cams = block + embedding + 2 * 4; // the mirrored image; two maps of it and of the main view
    const heads = 3 * 3 * head + 2 * head;
    const { ours, deduplicated, original } = iterationFlops(sizes);
    const classToken = 2 * (2 * 2 + 10) + 4 * 2; // keys and values of both, all else of the class token
    expect(deduplicated - ours).toBe(2 * 3 * (block - classToken)); // second view, one local crop
    expect(deduplicated).toBe(learned + losses + cams + heads);
    const repeated = block + embedding + 2 * decoder + 3 * block + 2 * embedding + 2 * (block + embedding);
    expect(original - deduplicated).toBe(repeated);
  });
});
