import { largestChannels } from '../masks/predict-labels.js';
import type { Planes } from '../masks/resize-planes.js';
import { softmaxInPlace } from '../masks/softmax-rows.js';
import type { CrfPreset } from '../protocol/protocol.js';
import type { Crf } from '../finish/refine-segmentation.js';
import type { SegmenterImage } from '../finish/segmenter-image.js';

/** Refines probabilities `[H,W,1+M]` of background and the classes of an image, by the image. */
export type Refine = (image: SegmenterImage, probabilities: Planes) => Float32Array | Promise<Float32Array>;

/** Options of {@link pseudoLabels}. */
export interface PseudoLabelsOptions {
  /** Constant of the lenient background (0.25 in ToCo). */
  readonly low: number;
  /** Constant of the strict one (0.7 in ToCo). */
  readonly high: number;
  /** Label of what only the strict background wins. */
  readonly ignoreIndex: number;
  /** Default: nothing is refined. */
  readonly refine?: Refine | undefined;
}

/**
 * Pseudo labels of one image from maps in 0…1 (CAMs, or {@link segmentationCams}): its classes compete with a background of
 * constant `high` and again with one of constant `low`, each by softmax and refinement. Label: the class where the strict
 * background loses; 0 where both win; `ignoreIndex` between (ToCo, section 4.4).
 *
 * @param cam `[H,W,M]` of the image's size
 * @returns `[H,W]`, 0 background, c + 1 class c
 * @example
 * const labels = await pseudoLabels(cam, { image, classes }, { low: 0.25, high: 0.7, ignoreIndex: 255, refine: refineByCrf(denseCrf, crfPresets['toco-cam']!) });
 */
export async function pseudoLabels(
  cam: Planes,
  { image, classes }: { readonly image: SegmenterImage; readonly classes: readonly number[] },
  { low, high, ignoreIndex, refine }: PseudoLabelsOptions,
): Promise<Uint8Array> {
  const { height, width } = image;
  if (cam.height !== height || cam.width !== width || cam.channels !== classes.length)
    throw new Error(
      `pseudoLabels: maps [${cam.height},${cam.width},${cam.channels}] for ${classes.length} classes of ${height}×${width} pixels`,
    );
  const winners = async (background: number): Promise<Uint8Array> => {
    const channels = classes.length + 1;
    const data = new Float32Array(height * width * channels);
    for (let i = 0, from = 0; i < data.length; i += channels) {
      data[i] = background;
      for (let m = 1; m < channels; m++) data[i + m] = cam.data[from++]!;
    }
    softmaxInPlace(data, channels);
    const labels = new Uint8Array(height * width);
    largestChannels(refine ? await refine(image, { height, width, channels, data }) : data, channels, labels);
    return labels;
  };
  const [strict, lenient] = [await winners(high), await winners(low)];
  return strict.map((plane, i) => (plane > 0 ? classes[plane - 1]! + 1 : lenient[i]! > 0 ? ignoreIndex : 0));
}

/** Refines by a dense CRF. */
export function refineByCrf(crf: Crf, { gaussian, bilateral, iterations }: CrfPreset): Refine {
  return ({ data: image, height, width }, { data, channels }) =>
    crf(image, data, { height, width, classes: channels, gaussian, bilateral, iterations });
}
