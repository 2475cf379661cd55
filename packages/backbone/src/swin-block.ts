import * as tf from '@tensorflow/tfjs-core';
import { layerNorm, linear } from '@toco/core';
import { attend } from './attention.js';
import {
  feedForward,
  type BlockOptions,
  type FeedForwardParams,
  type LinearParams,
  type NormParams,
} from './block.js';
import { relativePositionBias } from './relative-positions.js';
import { windowMask } from './window-mask.js';
import { fromWindows, toWindows, type WindowLayout } from './windows.js';

/** Parameters of one block of a Swin transformer, named as in timm. */
export interface SwinBlockParams extends FeedForwardParams {
  readonly norm1: NormParams;
  readonly attn: {
    readonly qkv: LinearParams;
    readonly proj: LinearParams;
    /** `[(2·window − 1)²,heads]`. */
    readonly relative_position_bias_table: tf.Tensor2D;
  };
}

/** What a block needs to know besides its parameters. */
export interface SwinBlockOptions extends BlockOptions {
  readonly layout: WindowLayout;
  /** Whether tokens are kept from attending to the padding of windows. */
  readonly maskPadding: boolean;
}

/**
 * One block of a Swin transformer (Liu et al., 2021): attention within windows, then a perceptron, each added to its input.
 *
 * @param tokens `[B,h·w,D]` on the grid of the layout
 * @returns `[B,h·w,D]`
 */
export function swinBlock(
  params: SwinBlockParams,
  tokens: tf.Tensor3D,
  options: SwinBlockOptions,
): tf.Tensor3D {
  const { norm1, attn } = params;
  const { heads, layerNormEpsilon, layout, maskPadding } = options;
  const [batch, count, depth] = tokens.shape;
  const normed = layerNorm(tokens, norm1, { epsilon: layerNormEpsilon });
  const windows = toWindows(tf.reshape(normed, [batch, ...layout.grid, depth]), layout);
  const bias = relativePositionBias(attn.relative_position_bias_table, layout.window);
  const mask = windowMask(layout, maskPadding);
  const qkv = linear(windows, attn.qkv.weight, attn.qkv.bias) as tf.Tensor3D;
  const attended = attend(qkv, heads, mask ? tf.add(bias, mask) : bias);
  const projected = linear(attended, attn.proj.weight, attn.proj.bias) as tf.Tensor3D;
  const whole = tf.reshape(fromWindows(projected, layout), [batch, count, depth]);
  return feedForward(params, tf.add(tokens, whole), options);
}
