import type { HostTensor } from '@toco/core';
import type { Size } from '../masks/resize-planes.js';

/** What one pass of a batch through a network can give, on the token grid. */
export const passOutputs = [
  /** `[B,h,w,K]` segmentation logits. */
  'segLogits',
  /** `[B,h,w,C]` raw class activation maps of the two classifiers. */
  'cam',
  'camAux',
  /** `[B,C]` logits of the two classifiers. */
  'clsLogits',
  'auxLogits',
  /** `[B,h,w,heads]` attention of the class token in the last block, after softmax. */
  'attention',
  /** `[B,h,w,D]` patch tokens. */
  'tokens',
  /** `[B,blocks]` mean cosine of different patch tokens. */
  'similarity',
] as const;

/** One of `passOutputs`. */
export type PassOutput = (typeof passOutputs)[number];

/** What a pass gave. */
export type PassResult = Partial<Record<PassOutput, Required<HostTensor>>>;

/** A batch on its way into a network: `[B,H,W,3]`, red, green, blue in 0…255. */
export interface PassImages {
  readonly data: Float32Array;
  readonly shape: readonly [batch: number, height: number, width: number, channels: 3];
}

/** Something that images go through: a network on some backend, or an exported graph. */
export interface PassEngine {
  /** What messages call it. */
  readonly name: string;
  /** Pixels per token. */
  readonly stride: number;
  readonly numClasses: number;
  /** The only size that it takes; any where it is missing. */
  readonly onlySize?: Size | undefined;
  gives(output: PassOutput): boolean;
  /**
   * One pass.
   *
   * @param wanted in the order of `passOutputs`
   * @param fill for passes that all have one shape: the batch they have, also where this one is smaller; it is worth compiling at once
   */
  run(images: PassImages, wanted: readonly PassOutput[], fill?: number): Promise<PassResult>;
  dispose(): void;
}
