import {
  loadTrainingSample,
  presentClasses,
  type SampleList,
  type TrainingSample,
  type ViewOptions,
} from '@toco/datasets';
import * as tf from '@tensorflow/tfjs-core';

/** Main views of a few images with what is known of them, as a training step gets them. */
export interface ViewBatch {
  readonly samples: readonly TrainingSample[];
  /** `[B,H,W,3]`, normalized. */
  readonly images: tf.Tensor4D;
  /** `[B,4]` int32, the boxes as the step is told them. */
  readonly imgBox: tf.Tensor2D;
  /** `[B,M]` int32, padded with −1. */
  readonly classes: tf.Tensor2D;
  /** `[B,H,W]`, uniform in 0…1. */
  readonly cropNoise: tf.Tensor3D;
}

/** Draws the views of images of a list whose samples have training masks; the same seed draws the same views. */
export async function viewBatch(
  list: SampleList,
  indices: readonly number[],
  { seed, views }: { readonly seed: number; readonly views: ViewOptions },
): Promise<ViewBatch> {
  const samples = await Promise.all(
    indices.map((index) => loadTrainingSample(list.sample(index), { seed, epoch: 0, index }, views)),
  );
  const [B, side, C] = [samples.length, views.cropSize, list.classes.length];
  const present = presentClasses(
    samples.flatMap(({ labels }) => [...labels]),
    [B, C],
  );
  const joined = (key: 'images' | 'cropNoise'): Float32Array => {
    const parts = samples.map((sample) => sample[key]);
    const all = new Float32Array(parts.length * parts[0]!.length);
    parts.forEach((part, i) => {
      all.set(part, i * part.length);
    });
    return all;
  };
  return {
    samples,
    images: tf.tensor4d(joined('images'), [B, side, side, 3]),
    imgBox: tf.tensor2d(
      samples.map(({ imgBox }) => [...imgBox]),
      [B, 4],
      'int32',
    ),
    classes: tf.tensor2d(present.data, present.shape, 'int32'),
    cropNoise: tf.tensor3d(joined('cropNoise'), [B, side, side]),
  };
}

/** Frees the tensors of a batch. */
export function disposeViews({ images, imgBox, classes, cropNoise }: ViewBatch): void {
  tf.dispose([images, imgBox, classes, cropNoise]);
}
