import { multiScaleCams } from '@toco/cam';
import type { Network, NetworkParams } from '@toco/network';
import type { Batch } from '@toco/method';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';

/** Whose CAMs are drawn. */
interface DrawInputs<P extends object> {
  readonly network: Network<P>;
  readonly params: NetworkParams<P>;
  readonly batch: Batch;
}

/**
 * Writes a PNG: the images of a batch side by side; below each the CAM of its classes, below that the auxiliary one, warm
 * where it is high.
 */
export async function drawCams<P extends object>(
  path: string,
  { network, params, batch }: DrawInputs<P>,
): Promise<void> {
  const pixels = tf.tidy(() => {
    const { mean, std, stride } = network.backbone;
    const images = tf.add(tf.mul(batch.images, tf.tensor1d([...std])), tf.tensor1d([...mean])); // [B,H,W,3] in 0…1
    const cams = multiScaleCams(
      (views) => network.rawCams(params, network.forward(params, views)),
      batch.images,
      { stride },
    );
    const overlay = (cam: tf.Tensor4D): tf.Tensor => {
      const shown = tf.mul(cam, tf.reshape(batch.labels, [-1, 1, 1, network.numClasses]));
      const heat = tf.max(shown, 3, true); // [B,H,W,1]
      const color = tf.concat([heat, tf.sub(1, tf.abs(tf.sub(tf.mul(heat, 2), 1))), tf.sub(1, heat)], 3);
      return tf.add(tf.mul(images, 0.45), tf.mul(color, 0.55));
    };
    const rows = [images, overlay(cams.cam), overlay(cams.camAux)].map((row) =>
      tf.concat(tf.unstack(row), 1),
    );
    return tf.cast(tf.clipByValue(tf.mul(tf.concat(rows, 0), 255), 0, 255), 'int32');
  });
  const [height, width] = pixels.shape as [number, number];
  const data = Uint8Array.from((await pixels.data()) as Int32Array);
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
  pixels.dispose();
}
