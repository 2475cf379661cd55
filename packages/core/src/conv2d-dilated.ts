import * as tf from '@tensorflow/tfjs-core';
import { assertShape } from './assert-shape.js';
import { customGradient } from './custom-gradient.js';
import { tensorflowConvolution, type Convolution } from './tensorflow-convolution.js';

/** Spacing and border of a convolution of stride 1. */
export interface ConvolutionOptions {
  /** Distance between the taps of the filter, in pixels. */
  readonly dilation: number;
  /** Zeros added on every side, in pixels. */
  readonly padding: number;
}

/**
 * Convolution of stride 1 without bias whose gradient is right for every dilation (tfjs' own throws beyond 1).
 *
 * On the `tensorflow` backend it is TensorFlow's own convolution, elsewhere a product with the gathered neighborhoods.
 *
 * @param x [B,H,W,in]
 * @param filter [height,width,in,out]
 * @returns [B,h,w,out] with h = H + 2·padding − dilation·(height − 1)
 * @example
 * const y = conv2dDilated(x, filter, { dilation: 5, padding: 5 }); // 3×3: y has the height and width of x
 */
export function conv2dDilated(
  x: tf.Tensor,
  filter: tf.Tensor,
  { dilation, padding }: ConvolutionOptions,
): tf.Tensor4D {
  const { C } = assertShape('conv2dDilated: x', x, ['B', 'H', 'W', 'C']);
  const { kh, kw } = assertShape('conv2dDilated: filter', filter, ['kh', 'kw', C, 'out']);
  const reach = [dilation * (kh - 1), dilation * (kw - 1)] as const;
  const same = reach.every((r) => 2 * padding === r);
  return tf.tidy(() => {
    // Only the two kinds of padding that TensorFlow can differentiate; other sizes are padded beforehand.
    const border = [padding, padding] as [number, number];
    const padded = same || padding === 0 ? x : tf.pad(x, [[0, 0], border, border, [0, 0]]);
    const { forward, inputGradient, filterGradient } =
      tensorflowConvolution(dilation, same ? 'SAME' : 'VALID') ??
      portableConvolution(dilation, same ? padding : 0);
    const [inputShape, filterShape] = [padded.shape, filter.shape];
    return customGradient(
      [padded, filter],
      (save) => {
        save(padded, filter);
        return forward(padded, filter);
      },
      (dy, [input, weights]) => [
        inputGradient(dy, weights!, inputShape),
        filterGradient(dy, input!, filterShape),
      ],
    );
  });
}

/** The same from slices and products of matrices, for any backend; `padding` is 0 or keeps the size. */
export function portableConvolution(dilation: number, padding: number): Convolution {
  return {
    forward: (x, filter) => correlate(x, filter, dilation, [padding, padding]),
    inputGradient: (dy, filter) => {
      // The gradient is a correlation with the filter turned by 180°, inputs and outputs exchanged.
      const [kh, kw] = filter.shape as [number, number];
      const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]); // [kh,kw,out,in]
      return correlate(dy, turned, dilation, [dilation * (kh - 1) - padding, dilation * (kw - 1) - padding]);
    },
    filterGradient: (dy, x, shape) => {
      const [kh, kw] = shape as [number, number];
      const columns = neighborhoods(x, [kh, kw], dilation, [padding, padding]);
      return tf.reshape(tf.matMul(columns, tf.reshape(dy, [columns.shape[0], -1]), true), [...shape]);
    },
  };
}

function correlate(
  x: tf.Tensor,
  filter: tf.Tensor,
  dilation: number,
  padding: readonly [number, number],
): tf.Tensor4D {
  const [kh, kw, inputs, outputs] = filter.shape as [number, number, number, number];
  const [B, H, W] = x.shape as [number, number, number];
  const columns = neighborhoods(x, [kh, kw], dilation, padding);
  const product = tf.matMul(columns, tf.reshape(filter, [kh * kw * inputs, outputs]));
  const h = H + 2 * padding[0] - dilation * (kh - 1);
  const w = W + 2 * padding[1] - dilation * (kw - 1);
  return tf.reshape(product, [B, h, w, outputs]);
}

/** Pixels under the filter at each place: [B·h·w, kh·kw·C]. */
function neighborhoods(
  x: tf.Tensor,
  [kh, kw]: readonly [number, number],
  dilation: number,
  [top, left]: readonly [number, number],
): tf.Tensor2D {
  const [B, H, W, C] = x.shape as [number, number, number, number];
  const h = H + 2 * top - dilation * (kh - 1);
  const w = W + 2 * left - dilation * (kw - 1);
  const padded = tf.pad(x, [
    [0, 0],
    [top, top],
    [left, left],
    [0, 0],
  ]);
  const taps: tf.Tensor[] = [];
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < kw; j++) {
      taps.push(tf.slice(padded, [0, i * dilation, j * dilation, 0], [B, h, w, C]));
    }
  }
  return tf.reshape(taps.length === 1 ? taps[0]! : tf.concat(taps, 3), [B * h * w, kh * kw * C]);
}
