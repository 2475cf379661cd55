import {
  classLabels,
  cropFlags,
  cutCrops,
  drawCrops,
  eligibleCentres,
  multiScaleCams,
  refinedLabels,
  regionMask,
  tokenLabels,
} from '@toco/cam';
import type { ApplyOptions } from '@toco/network';
import type { TensorTree } from '@toco/core';
import { scope } from '@toco/core';
import { tokenAffinity } from '@toco/losses';
import type { Network, NetworkOutput, NetworkParams } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import type { StepConfig } from './method-config.js';
import type { Batch } from './batch.js';
import { ignoreIndex } from './method-config.js';
import { isOn, type Phase } from './phase.js';

/** What the loss terms learn from; only what the phase needs is there. */
export interface Targets {
  /** `[B,H,W,C]` multi-scale CAM; with `presentClasses` `[B,H,W,M]`. */
  readonly cam?: tf.Tensor4D;
  /** The same from the auxiliary classifier. */
  readonly camAux?: tf.Tensor4D;
  /** `[B,h,w]` int32 labels of the tokens. */
  readonly tokenLabels?: tf.Tensor3D;
  /** `[B,N,N]` int32 pairwise affinity of the tokens. */
  readonly affinity?: tf.Tensor3D;
  /** `[B,P,2]` int32 top-left corners of the local crops. */
  readonly cropOrigins?: tf.Tensor3D;
  /** `[B,2+P]` 1 = positive view; global views first. */
  readonly cropFlags?: tf.Tensor2D;
  /** `[P·B,s,s,3]` local crops, view-major. */
  readonly crops?: tf.Tensor4D;
  /** `[B,H,W]` int32 refined pseudo labels. */
  readonly pixelLabels?: tf.Tensor3D;
  /** `[B,H,W]` int32 labels of the segmentation term: the pseudo labels, or the masks of images that have one. */
  readonly segLabels?: tf.Tensor3D;
}

/** What the targets are computed with. */
export interface TargetContext<P extends TensorTree> {
  readonly network: Network<P>;
  readonly config: StepConfig;
  readonly phase: Phase;
  /** For the backbone, in the passes of the CAMs. */
  readonly forward?: ApplyOptions;
}

/** What {@link computeTargets} looks at. */
export interface TargetInputs<P extends TensorTree> {
  readonly params: NetworkParams<P>;
  readonly batch: Batch;
  /** The main view's forward pass. */
  readonly main: NetworkOutput;
}

/**
 * Targets of one iteration (paper, sections 3.3–3.5): multi-scale CAMs, from the auxiliary one the token affinity and the
 * local crops, from one of the two the refined pixel labels.
 *
 * The main view's own forward pass serves as scale 1 of the CAMs. Not differentiated.
 */
export function computeTargets<P extends TensorTree>(
  { network, config, phase, forward = {} }: TargetContext<P>,
  { params, batch, main }: TargetInputs<P>,
): Targets {
  const { masks, masked } = batch;
  const seg = isOn(phase, 'seg');
  const everyImageHasMask = masks !== undefined && masked === undefined;
  const wanted = {
    ptc: isOn(phase, 'ptc'),
    ctc: isOn(phase, 'ctc'),
    pixels: isOn(phase, 'reg') || (seg && !everyImageHasMask),
  };
  if (!wanted.ptc && !wanted.ctc && !wanted.pixels) return seg ? { segLabels: masks! } : {};
  const { behavior } = config;
  const { images, imgBox, presentClasses: classes } = batch;
  const { low, high, scales } = config.cam;

  const { cam, camAux } = scope('cams', () =>
    multiScaleCams((views) => network.rawCams(params, network.forward(params, views, forward)), images, {
      scales,
      stride: network.backbone.stride,
      oddSizes: behavior.oddSizes,
      main: network.rawCams(params, main),
      classes,
    }),
  );
  const labels = classes ? classLabels(classes) : batch.labels;
  const [, H, W] = images.shape;

  const tokens = wanted.ptc
    ? scope('token-labels', () =>
        tokenLabels(
          camAux,
          { labels, imgBox, classes },
          { grid: main.grid, imageSize: [H, W], behavior: behavior.tokenBox, low, high, ignoreIndex },
        ),
      )
    : undefined;
  const pixelLabels = wanted.pixels
    ? scope('pixel-labels', () =>
        refinedLabels(
          phase.labelCam === 'main' ? cam : camAux,
          { labels, images, imgBox, classes },
          {
            low,
            high,
            ignoreIndex,
            behavior: behavior.rounding,
            par: config.par,
            downsample: config.par.downsample,
            ...normalization(network),
          },
        ),
      )
    : undefined;
  return {
    cam,
    camAux,
    ...(tokens && { tokenLabels: tokens, affinity: tokenAffinity(tokens, { ignoreIndex }) }),
    ...(wanted.ctc &&
      scope('local-crops', () => localCrops({ config, batch }, regionMask(camAux, labels, { low, high })))),
    ...(pixelLabels && { pixelLabels }),
    ...(seg && { segLabels: masks ? withMasks(pixelLabels, masks, masked) : pixelLabels! }),
  };
}

/** The pseudo labels with masks in the place of those of masked images. */
function withMasks(
  pseudo: tf.Tensor3D | undefined,
  masks: tf.Tensor3D,
  masked: tf.Tensor1D | undefined,
): tf.Tensor3D {
  if (masked === undefined) return masks;
  const counts = tf.reshape(tf.greater(masked, tf.scalar(0, 'int32')), [-1, 1, 1]);
  return tf.where(counts, masks, pseudo!);
}

/** Draws local crops in uncertain and background regions and says which of them are background (paper, section 3.4). */
function localCrops(
  { config, batch }: { config: StepConfig; batch: Batch },
  region: tf.Tensor3D,
): Required<Pick<Targets, 'cropOrigins' | 'cropFlags' | 'crops'>> {
  const behavior = config.behavior.cropPadding;
  const { size: cropSize, count: numCrops, negativeThreshold: threshold } = config.localCrops;
  const { imgBox, localSource, cropNoise } = batch;
  const draw = (): tf.Tensor3D => {
    if (!cropNoise) throw new Error('The batch has neither cropNoise nor cropOrigins: give one of them.');
    return drawCrops(eligibleCentres(region, imgBox, { cropSize, numCrops, behavior }), cropNoise, {
      cropSize,
      numCrops,
    });
  };
  const origins = batch.cropOrigins ?? draw();
  return {
    cropOrigins: origins,
    cropFlags: cropFlags(region, { origins, imgBox }, { cropSize, threshold, behavior }),
    crops: cutCrops(localSource, origins, cropSize),
  };
}

function normalization({
  backbone: { mean, std },
}: Pick<Network, 'backbone'>): Pick<Network['backbone'], 'mean' | 'std'> {
  return { mean, std };
}
