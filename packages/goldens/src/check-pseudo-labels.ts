import {
  cropFlags,
  denormalize,
  eligibleCenters,
  pixelLabels,
  refinedLabels,
  regionMask,
  tokenLabels,
  validCam,
} from '@toco/cam';
import { tokenAffinity } from '@toco/losses';
import * as tf from '@tensorflow/tfjs-core';
import { arrayOf, tensorOf, valuesOf, type GoldenFolder } from './golden-folder.js';
import { compareLabels, compareValues, type Row } from './row.js';

const ignoreIndex = 255;

/** `pseudo_labels`: everything that is made from a CAM, reference behavior. */
export async function checkPseudoLabels(folder: GoldenFolder): Promise<Row[]> {
  const arrays = folder.arrays('pseudo_labels');
  const { low, high, bkg } = folder.config.thresholds;
  const t = (key: string): tf.Tensor => tensorOf(arrays, key);
  const behavior = 'reference';
  const [images, cams, labels, imgBox] = [t('images'), t('cams'), t('class_labels'), t('img_box')];
  const imageSize = [images.shape[1]!, images.shape[2]!] as const;
  const tokenCam = t('token_cam');
  const grid = [tokenCam.shape[1]!, tokenCam.shape[2]!] as const;
  const token = { grid, imageSize, behavior, low, high, ignoreIndex } as const;
  const tokenLabel = tokenLabels(tokenCam, { labels }, token);

  const values: Record<string, tf.Tensor> = {
    images_denormalized: tf.div(denormalize(images, { rounding: 'truncate' }), 255),
    valid_cam: validCam(cams, labels),
  };
  const labelMaps: Record<string, tf.Tensor> = {
    label: pixelLabels(cams, { labels, imgBox }, { low, high, ignoreIndex }),
    label_eval: pixelLabels(cams, { labels }, { low: bkg, high: bkg, ignoreIndex }),
    roi_mask: regionMask(cams, labels, { low, high }),
    refined: refinedLabels(cams, { labels, images, imgBox }, { low, high, ignoreIndex, behavior }),
    token_label: tokenLabel,
    token_label_reference_img_box: tokenLabels(tokenCam, { labels, imgBox }, token),
    affinity: tokenAffinity(tokenLabel, { ignoreIndex }),
  };
  return [
    ...(await Promise.all(
      Object.entries(values).map(([key, actual]) =>
        compareValues(`pseudo_labels: ${key}`, actual, { expected: valuesOf(arrays, key), relative: 1e-6 }),
      ),
    )),
    ...(await Promise.all(
      Object.entries(labelMaps).map(([key, actual]) =>
        compareLabels(`pseudo_labels: ${key}`, actual, valuesOf(arrays, key)),
      ),
    )),
  ];
}

/** `pseudo_labels_corrected`: what differs in corrected behavior, from the inputs of `pseudo_labels`. */
export async function checkCorrectedPseudoLabels(folder: GoldenFolder): Promise<Row[]> {
  const inputs = folder.arrays('pseudo_labels');
  const arrays = folder.arrays('pseudo_labels_corrected');
  const { thresholds, crop_size: cropSize } = folder.config;
  const { low, high } = thresholds;
  const t = (key: string): tf.Tensor => tensorOf(inputs, key);
  const behavior = 'corrected';
  const [images, cams, labels, imgBox, tokenCam] = [
    'images',
    'cams',
    'class_labels',
    'img_box',
    'token_cam',
  ].map(t) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  const grid = [tokenCam.shape[1]!, tokenCam.shape[2]!] as const;
  const imageSize = [images.shape[1]!, images.shape[2]!] as const;
  const token = tokenLabels(
    tokenCam,
    { labels, imgBox },
    { grid, imageSize, behavior, low, high, ignoreIndex },
  );
  const origins = tensorOf(arrays, 'crop_origins');
  const numCrops = arrayOf(arrays, 'crop_origins').shape[1]!;
  const region = regionMask(cams, labels, { low, high });
  const maps: Record<string, tf.Tensor> = {
    refined: refinedLabels(cams, { labels, images, imgBox }, { low, high, ignoreIndex, behavior }),
    token_label: token,
    affinity: tokenAffinity(token, { ignoreIndex }),
    crop_flags: cropFlags(region, { origins, imgBox }, { cropSize, behavior }),
    draw_centres: eligibleCenters(tensorOf(arrays, 'draw_roi_mask'), tensorOf(arrays, 'draw_img_box'), {
      cropSize,
      numCrops,
      behavior,
    }),
  };
  const denormalized = tf.div(denormalize(images, { rounding: 'nearest' }), 255);
  return [
    await compareValues('pseudo_labels_corrected: images_denormalized', denormalized, {
      expected: valuesOf(arrays, 'images_denormalized'),
      relative: 1e-6,
    }),
    ...(await Promise.all(
      Object.entries(maps).map(([key, actual]) =>
        compareLabels(`pseudo_labels_corrected: ${key}`, actual, valuesOf(arrays, key)),
      ),
    )),
  ];
}
