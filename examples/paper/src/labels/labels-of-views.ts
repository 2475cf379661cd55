import {
  type Cams,
  classLabels,
  cropFlags,
  drawCrops,
  eligibleCenters,
  multiScaleCams,
  refinedLabels,
  regionMask,
  tokenLabels,
} from '@toco/cam';
import { scaledSize, type TensorTree, type TypedArray } from '@toco/core';
import { ignoreIndex, type StepConfig } from '@toco/method';
import type { Network, NetworkParams } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';
import type { CamSource, Variant } from './variants.js';
import type { ViewBatch } from './view-batch.js';

/** A trained network and the settings of the step that trained it. */
export interface TrainedNetwork<P extends TensorTree = TensorTree> {
  readonly network: Network<P>;
  readonly params: NetworkParams<P>;
  readonly settings: StepConfig;
}

/** What a step would learn from; read back, B images one behind the other. */
export interface ViewLabels {
  /** Tokens on a side. */
  readonly grid: number;
  readonly tokens: TypedArray;
  readonly pixels: TypedArray;
  /** P crops of each image: y and x of the corners, 1 = positive. */
  readonly origins: TypedArray;
  readonly signs: TypedArray;
}

/**
 * A function that makes the labels of variants on one batch by the method's own functions, in the order of `computeTargets`. What
 * variants share is computed once; `dispose` frees it.
 */
export function labelsOfViews<P extends TensorTree>(
  { network, params, settings }: TrainedNetwork<P>,
  { images, imgBox, classes, cropNoise }: ViewBatch,
): { readonly labelsOf: (variant: Variant) => ViewLabels; readonly dispose: () => void } {
  const [, H, W] = images.shape;
  const { stride, mean, std } = network.backbone;
  const grid = H / stride;
  const raw = remembered<Cams>();
  const read = remembered<TypedArray>();
  const labels = classLabels(classes);

  const camsOf = ({ scales, behavior }: Variant): Record<'cam' | 'camAux', tf.Tensor4D> =>
    multiScaleCams(
      (views) =>
        raw.get(views.shape.slice(1, 3), () => {
          const cams = tf.tidy(() => ({ ...network.rawCams(params, network.forward(params, views)) }));
          return { cam: tf.keep(cams.cam), camAux: tf.keep(cams.camAux) };
        }),
      images,
      { scales, stride, oddSizes: behavior.oddSizes, classes },
    );
  const camOf = (variant: Variant, source: CamSource): tf.Tensor4D => {
    const { cam, camAux } = camsOf(variant);
    if (source === 'mean') return tf.mul(tf.add<tf.Tensor4D>(cam, camAux), 0.5);
    return source === 'main' ? cam : camAux;
  };
  /** Read back, once for all variants with the same inputs. */
  const once = (inputs: unknown, compute: () => tf.Tensor): TypedArray =>
    read.get(inputs, () => tf.tidy(() => compute().dataSync()));

  const labelsOf = (variant: Variant): ViewLabels => {
    const { behavior, scales, low, high, tokenCam, pixelCam } = variant;
    const sizes = scales.map((scale) => scaledSize([H, W], scale, { stride, oddSizes: behavior.oddSizes }));
    const shared = { sizes, low, high };
    const { size: cropSize, count: numCrops, negativeThreshold: threshold } = settings.localCrops;
    const padding = behavior.cropPadding;
    const region = (): tf.Tensor3D => regionMask(camOf(variant, 'aux'), labels, { low, high });
    const crops = (): tf.Tensor3D =>
      drawCrops(eligibleCenters(region(), imgBox, { cropSize, numCrops, behavior: padding }), cropNoise, {
        cropSize,
        numCrops,
      });
    return {
      grid,
      tokens: once(['tokens', shared, tokenCam, behavior.tokenBox], () =>
        tokenLabels(
          camOf(variant, tokenCam),
          { labels, imgBox, classes },
          { grid: [grid, grid], imageSize: [H, W], behavior: behavior.tokenBox, low, high, ignoreIndex },
        ),
      ),
      pixels: once(['pixels', shared, pixelCam, behavior.rounding], () =>
        refinedLabels(
          camOf(variant, pixelCam),
          { labels, images, imgBox, classes },
          {
            ...{ low, high, ignoreIndex, mean, std, behavior: behavior.rounding },
            ...{ par: settings.par, downsample: settings.par.downsample },
          },
        ),
      ),
      origins: once(['origins', shared, padding], crops),
      signs: once(['signs', shared, padding], () =>
        tf.slice(
          cropFlags(region(), { origins: crops(), imgBox }, { cropSize, threshold, behavior: padding }),
          [0, 2], // the global views stand first
        ),
      ),
    };
  };
  return {
    labelsOf,
    dispose: () => {
      tf.dispose([labels, ...raw.values().flatMap(({ cam, camAux }) => [cam, camAux])]);
    },
  };
}

/** Values by what they are computed from. */
function remembered<Value>(): {
  readonly get: (inputs: unknown, compute: () => Value) => Value;
  readonly values: () => Value[];
} {
  const known = new Map<string, Value>();
  return {
    get(inputs, compute) {
      const key = JSON.stringify(inputs);
      const value = known.get(key) ?? compute();
      known.set(key, value);
      return value;
    },
    values: () => [...known.values()],
  };
}
