import {
  classLabels,
  cropFlags,
  cutCrops,
  drawCrops,
  eligibleCenters,
  multiScaleCams,
  refinedLabels,
  regionMask,
  selectClasses,
  type Threshold,
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
import { callOwn } from './own-function.js';
import { assertPlanes } from './own-results.js';
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
  /** Targets of one's own, by name. */
  readonly extra?: Readonly<Record<string, tf.Tensor>>;
}

/** What the targets are computed with. */
export interface TargetContext<P extends TensorTree> {
  readonly network: Network<P>;
  readonly config: StepConfig;
  readonly phase: Phase;
  /** For the backbone, in the passes of the CAMs. */
  readonly forward?: ApplyOptions | undefined;
  /** What refines pixel labels; default: PAR. */
  readonly refine?: Refine<P> | undefined;
}

/** Targets of one's own, as constants. May call {@link computeTargets} and change or add to what that gives. */
export type TargetFunction<P extends TensorTree = TensorTree> = (
  context: TargetContext<P>,
  inputs: TargetInputs<P>,
) => Targets;

/**
 * A refinement of one's own in place of PAR.
 *
 * @param images `[B,h,w,3]` in 0…1, the main views, made smaller by `par.downsample`
 * @param planes `[B,h,w,2·(C+1)]`, of each pixel the probabilities of background and classes, once with β_h and once with β_l as
 *   the background's CAM; with `presentClasses` M planes in place of C
 * @param inputs batch and network that they come from
 * @returns `[B,h,w,2·(C+1)]`; the largest of the C+1 planes is the label
 */
export type Refine<P extends TensorTree = TensorTree> = (
  images: tf.Tensor4D,
  planes: tf.Tensor4D,
  inputs: TargetContext<P> & TargetInputs<P>,
) => tf.Tensor4D;

/** What {@link computeTargets} looks at. */
export interface TargetInputs<P extends TensorTree> {
  readonly params: NetworkParams<P>;
  /** The network by each average of its parameters. */
  readonly averages?: Readonly<Record<string, NetworkParams<P>>> | undefined;
  readonly batch: Batch;
  /** The main view's forward pass. */
  readonly main: NetworkOutput;
}

/**
 * Targets of one iteration (paper, sections 4.2–4.4): multi-scale CAMs, from the auxiliary one the token affinity and the
 * local crops, from one of the two the refined pixel labels.
 *
 * The main view's own forward pass serves as scale 1 of the CAMs, unless they are those of an average. Not differentiated.
 */
export function computeTargets<P extends TensorTree>(
  context: TargetContext<P>,
  inputs: TargetInputs<P>,
): Targets {
  const { network, config, phase, forward = {}, refine } = context;
  const { params, averages = {}, batch, main } = inputs;
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
  const { scales } = config.cam;
  const { low, high } = thresholdsOfPlanes(config, batch);

  const { average } = config.cam;
  const source = average === undefined ? params : averages[average]!;
  const { cam, camAux } = scope('cams', () =>
    multiScaleCams((views) => network.rawCams(source, network.forward(source, views, forward)), images, {
      scales,
      stride: network.backbone.stride,
      oddSizes: behavior.oddSizes,
      main: source === params ? network.rawCams(params, main) : undefined,
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
            ...{ low, high, ignoreIndex, behavior: behavior.rounding, par: config.par },
            downsample: config.par.downsample,
            ...normalization(network),
            ...(refine && {
              refine: (image, planes) =>
                assertPlanes(
                  callOwn('refine', { ...context, ...inputs }, (given) => refine(image, planes, given)),
                  planes,
                ),
            }),
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

/** Thresholds of the planes that CAMs have. */
function thresholdsOfPlanes(
  { cam }: Pick<StepConfig, 'cam'>,
  { thresholds, presentClasses }: Batch,
): { readonly low: Threshold; readonly high: Threshold } {
  if (!thresholds || !presentClasses) return thresholds ?? cam;
  const ofPlanes = (all: tf.Tensor2D): tf.Tensor => {
    const [B, C] = all.shape;
    return tf.reshape(selectClasses(tf.reshape(all, [B, 1, 1, C]), presentClasses), [B, -1]);
  };
  return { low: ofPlanes(thresholds.low), high: ofPlanes(thresholds.high) };
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

/** Draws local crops in uncertain and background regions and says which of them are background (paper, section 4.3). */
function localCrops(
  { config, batch }: { config: StepConfig; batch: Batch },
  region: tf.Tensor3D,
): Required<Pick<Targets, 'cropOrigins' | 'cropFlags' | 'crops'>> {
  const behavior = config.behavior.cropPadding;
  const { size: cropSize, count: numCrops, negativeThreshold: threshold } = config.localCrops;
  const { imgBox, localSource, cropNoise } = batch;
  const draw = (): tf.Tensor3D => {
    if (!cropNoise) throw new Error('The batch has neither cropNoise nor cropOrigins: give one of them.');
    return drawCrops(eligibleCenters(region, imgBox, { cropSize, numCrops, behavior }), cropNoise, {
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
