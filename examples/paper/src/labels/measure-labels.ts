import type { SampleList, ViewOptions } from '@toco/datasets';
import type { TensorTree, TypedArray } from '@toco/core';
import {
  type CropCounts,
  judgeCrops,
  judgeLabels,
  judgePairs,
  type LabelCounts,
  type PairCounts,
} from './judge.js';
import { labelsOfViews, type TrainedNetwork } from './labels-of-views.js';
import { tokenTruth, truthOf } from './truth.js';
import type { Variant } from './variants.js';
import { disposeViews, viewBatch } from './view-batch.js';

/** The labels of one image beside its mask. */
export interface ImageCounts {
  readonly tokens: LabelCounts;
  readonly pairs: PairCounts;
  readonly pixels: LabelCounts;
  readonly crops: CropCounts;
}

/** What {@link measureLabels} looks at. */
export interface MeasuredViews {
  /** Its samples have training masks. */
  readonly list: SampleList;
  readonly indices: readonly number[];
  readonly views: ViewOptions;
  readonly seed: number;
  readonly batchSize: number;
  readonly onImages?: ((done: number) => void) | undefined;
}

/** Makes the labels of all variants on training views of the images. @returns for each variant what each image counts */
export async function measureLabels<P extends TensorTree>(
  trained: TrainedNetwork<P>,
  variants: readonly Variant[],
  { list, indices, views, seed, batchSize, onImages }: MeasuredViews,
): Promise<ImageCounts[][]> {
  const counts = variants.map((): ImageCounts[] => []);
  const modes = new Set(variants.map(({ behavior }) => behavior.lateFlip));
  const { size, count: P } = trained.settings.localCrops;
  for (let start = 0; start < indices.length; start += batchSize) {
    const chosen = indices.slice(start, start + batchSize);
    for (const behavior of modes) {
      const batch = await viewBatch(list, chosen, { seed, views: { ...views, behavior } });
      const truths = batch.samples.map(truthOf);
      const { labelsOf, dispose } = labelsOfViews(trained, batch);
      for (const [v, variant] of variants.entries()) {
        if (variant.behavior.lateFlip !== behavior) continue;
        const { grid, tokens, pixels, origins, signs } = labelsOf(variant);
        for (const [b, { main, local }] of truths.entries()) {
          const ofImage = (all: TypedArray, each: number): TypedArray =>
            all.subarray(b * each, (b + 1) * each);
          const ofTokens = tokenTruth(main, grid);
          const labels = ofImage(tokens, grid ** 2);
          counts[v]!.push({
            tokens: judgeLabels(labels, ofTokens),
            pairs: judgePairs(labels, ofTokens),
            pixels: judgeLabels(ofImage(pixels, main.side ** 2), main),
            crops: judgeCrops({ signs: ofImage(signs, P), origins: ofImage(origins, 2 * P), size }, local),
          });
        }
      }
      dispose();
      disposeViews(batch);
    }
    onImages?.(start + chosen.length);
  }
  return counts;
}
