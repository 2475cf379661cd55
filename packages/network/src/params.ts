import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { TensorTree } from '@toco/core';
import type { LinearParams } from '@toco/backbone';

/** One weight per class and feature `[C,D]`; in checkpoints a 1×1 convolution `[C,D,1,1]`. No bias. */
export interface ClassifierParams {
  readonly weight: Tensor2D;
}

/** A filter `[kh,kw,in,out]`; in checkpoints `[out,in,kh,kw]`. No bias. */
export interface ConvolutionParams {
  readonly weight: Tensor4D;
}

/** Two dilated 3×3 convolutions and a 1×1 one. */
export interface DecoderParams {
  readonly conv6: ConvolutionParams;
  readonly conv7: ConvolutionParams;
  readonly conv8: ConvolutionParams;
}

/** A perceptron of three layers and a weight-normalized linear map. */
export interface ProjectionHeadParams {
  /** Layers 0, 2 and 4; what lies between them is GELU. */
  readonly mlp: Readonly<Record<'0' | '2' | '4', LinearParams>>;
  readonly last_layer: {
    /** Length of each row of the map, `[out,1]`: 1, not trained. */
    readonly weight_g: Tensor2D;
    /** Direction of each row of the map `[out,bottleneck]`. */
    readonly weight_v: Tensor2D;
  };
}

/** Everything that is trained by gradients, named as in the checkpoints of the authors' implementation. */
export interface NetworkParams<P extends TensorTree = TensorTree> {
  readonly encoder: P;
  readonly classifier: ClassifierParams;
  readonly aux_classifier: ClassifierParams;
  readonly decoder: DecoderParams;
  readonly proj_head: ProjectionHeadParams;
}

/** A whole network: what gradients train, and the teacher that follows the projection head as a moving average. */
export interface NetworkState<P extends TensorTree = TensorTree> {
  readonly params: NetworkParams<P>;
  /** In checkpoints `proj_head_t`. */
  readonly teacher: ProjectionHeadParams;
}
