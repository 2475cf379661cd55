import type { ApplyOptions, Network, NetworkOutput, NetworkParams } from '@toco/network';
import { tidied, type TensorTree } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { normalized } from '../forward/normalized.js';
import { patchTokensOf, tokenSimilarities } from '../forward/token-similarity.js';
import type { PassOutput } from './pass-engine.js';

/** The parameters that predictions need: all but the projection head. */
export type UsedParams<P extends TensorTree> = Pick<
  NetworkParams<P>,
  'encoder' | 'classifier' | 'aux_classifier' | 'decoder'
>;

/** The tensors that a pass gives. */
export type PassTensors = Partial<Record<PassOutput, tf.Tensor>>;

/** One pass of images `[B,H,W,3]` with levels 0…255; what is not wanted is not computed. */
export function networkPass<P extends TensorTree>(
  network: Network<P>,
  params: UsedParams<P>,
  { images, wanted, forward }: PassRequest,
): PassTensors {
  const taps = [
    ...(wanted.includes('attention') ? (['lastAttention'] as const) : []),
    ...(wanted.includes('similarity') ? (['tokens'] as const) : []),
  ];
  return tidied(() => {
    const { backbone } = network;
    const output = network.forward(params, normalized(images, backbone), {
      ...forward,
      ...(taps.length > 0 && { taps }),
    });
    const raw = wanted.some((name) => name === 'cam' || name === 'camAux')
      ? network.rawCams(params, output)
      : undefined;
    const make: Record<PassOutput, () => tf.Tensor> = {
      segLogits: () => network.segment(params, output),
      cam: () => raw!.cam,
      camAux: () => raw!.camAux,
      clsLogits: () => output.clsLogits,
      auxLogits: () => output.auxLogits,
      attention: () => classTokenAttention(network, output),
      tokens: () => tf.reshape(output.patchTokens, [images.shape[0], ...output.grid, backbone.tokenDim]),
      similarity: () => {
        const { tokens } = output.taps ?? {};
        const blocks = tokens ? patchTokensOf(tokens, backbone) : [output.patchTokens];
        return tf.stack(blocks.map(tokenSimilarities), 1);
      },
    };
    return Object.fromEntries(wanted.map((name) => [name, make[name]()]));
  });
}

/** What a pass is asked. */
export interface PassRequest {
  readonly images: tf.Tensor4D;
  readonly wanted: readonly PassOutput[];
  readonly forward?: ApplyOptions | undefined;
}

/** `[B,h,w,heads]`: how much of the class token's attention each patch gets in the last block. */
function classTokenAttention(
  { backbone }: Pick<Network, 'backbone'>,
  { taps, grid: [h, w] }: Pick<NetworkOutput, 'taps' | 'grid'>,
): tf.Tensor4D {
  const attention = taps?.lastAttention;
  if (!attention || backbone.classToken !== 'learned')
    throw new Error(`${backbone.name} has no attention of a class token; leave out "attention".`);
  const [batch, heads, , all] = attention.shape;
  const row = tf.slice(attention, [0, 0, 0, all - h * w], [batch, heads, 1, h * w]);
  return tf.reshape(tf.transpose(tf.reshape(row, [batch, heads, h * w]), [0, 2, 1]), [batch, h, w, heads]);
}
