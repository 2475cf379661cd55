import type { NDArray } from '@toco/formats';
import { photoLike } from './photo-like.js';
import { seededUniform } from './seeded-uniform.js';

/** What the views are normalized with, of levels 0…255. */
interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Sizes of a batch. */
export interface BatchSizes {
  readonly batchSize: number;
  readonly cropSize: number;
  readonly classes: number;
}

/**
 * A batch like one of the loader's: photo-like views, every second one padded with black, one to three classes per image.
 *
 * @returns arrays by the names that the step's batch has
 */
export function batchArrays(
  { batchSize, cropSize, classes }: BatchSizes,
  { mean, std }: Normalization,
): Record<string, NDArray> {
  const pixels = cropSize * cropSize;
  const [images, globalView, localSource] = [0, 0, 0].map(() => new Float32Array(batchSize * pixels * 3));
  const labels = new Float32Array(batchSize * classes);
  const imgBox = new Int32Array(batchSize * 4);
  const uniform = seededUniform(1);
  for (let b = 0; b < batchSize; b++) {
    const [height, width] = b % 2 ? [Math.round(0.8 * cropSize), cropSize] : [cropSize, cropSize];
    imgBox.set([0, height, 0, width], 4 * b);
    const count = 1 + (b % 3);
    for (let present = 0; present < count;) {
      const label = b * classes + Math.floor(uniform() * classes);
      if (labels[label] === 0) present++;
      labels[label] = 1;
    }
    const [main, second] = [photoLike(cropSize, 100 + 10 * b), photoLike(cropSize, 105 + 10 * b)];
    main.fill(0, height * cropSize * 3);
    for (let i = 0; i < main.length; i++) {
      const c = i % 3;
      const normalize = (level: number): number => (level / 255 - mean[c]!) / std[c]!;
      const at = b * pixels * 3 + i;
      images![at] = normalize(main[i]!);
      localSource![at] = normalize(Math.round(0.85 * main[i]!));
      globalView![at] = normalize(second[i]!);
    }
  }
  const cropNoise = Float32Array.from({ length: batchSize * pixels }, () => uniform());
  const view = (data: Float32Array): NDArray => ({
    dtype: 'float32',
    shape: [batchSize, cropSize, cropSize, 3],
    data,
  });
  return {
    images: view(images!),
    globalView: view(globalView!),
    localSource: view(localSource!),
    labels: { dtype: 'float32', shape: [batchSize, classes], data: labels },
    imgBox: { dtype: 'int32', shape: [batchSize, 4], data: imgBox },
    cropNoise: { dtype: 'float32', shape: [batchSize, cropSize, cropSize], data: cropNoise },
  };
}
