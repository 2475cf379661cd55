import * as tf from '@tensorflow/tfjs-core';
import { assertShape, childSeed, conv2dDilated, kaimingUniform, linear } from '@toco/core';
import type { ConvolutionParams, DecoderParams } from './params.js';

/**
 * Segmentation logits on the token grid by the LargeFOV decoder (DeepLab; ToCo, section 5.1): 3×3 convolution with dilation
 * 5, ReLU, the same again, 1×1 convolution; no biases.
 *
 * @param features `[B,h,w,D]`
 * @param dilation of the 3×3 convolutions, and their padding: the grid keeps its size
 * @returns `[B,h,w,K]`, background first
 */
export function decode(
  params: DecoderParams,
  features: tf.Tensor4D,
  { dilation = 5 }: { readonly dilation?: number | undefined } = {},
): tf.Tensor4D {
  const { conv6, conv7, conv8 } = params;
  const [, , width, classes] = conv8.weight.shape;
  assertShape('decode: features', features, ['B', 'h', 'w', conv6.weight.shape[2]]);
  return tf.tidy(() => {
    const options = { dilation, padding: dilation };
    const first = tf.relu(conv2dDilated(features, conv6.weight, options));
    const second = tf.relu(conv2dDilated(first, conv7.weight, options));
    const pointwise = tf.transpose(tf.reshape(conv8.weight, [width, classes])); // [K,width]
    return linear(second, pointwise) as tf.Tensor4D;
  });
}

/** The decoder's first weights, like PyTorch's default convolution: U(±1/√fanIn). */
export function initDecoder(
  {
    numClasses,
    dim,
    decoderDim,
  }: { readonly numClasses: number; readonly dim: number; readonly decoderDim: number },
  seed: number,
): DecoderParams {
  const convolution = (name: string, size: number, inputs: number, outputs: number): ConvolutionParams => {
    const options = { fanIn: size * size * inputs, seed: childSeed(seed, `decoder.${name}.weight`) };
    return { weight: kaimingUniform([size, size, inputs, outputs], options) as tf.Tensor4D };
  };
  return {
    conv6: convolution('conv6', 3, dim, decoderDim),
    conv7: convolution('conv7', 3, decoderDim, decoderDim),
    conv8: convolution('conv8', 1, decoderDim, numClasses + 1),
  };
}
