import type { LatticeTensors } from '@toco/losses';
import type * as tf from '@tensorflow/tfjs-core';

/** What one iteration is given. All views are normalized and of one size `H = W = cropSize`. */
export interface Batch {
  /** `[B,H,W,3]` main view, which is the first global view. */
  readonly images: tf.Tensor4D;
  /** `[B,H,W,3]` second global view. */
  readonly globalView: tf.Tensor4D;
  /** `[B,H,W,3]` what the local crops are cut from. */
  readonly localSource: tf.Tensor4D;
  /** `[B,C]` 1 where the image shows the class. */
  readonly labels: tf.Tensor2D;
  /** `[B,4]` int32: box of real pixels in the main view. */
  readonly imgBox: tf.Tensor2D;
  /** `[B,H,W]` uniform in 0…1: draws the local crops. Not needed where `cropOrigins` are given. */
  readonly cropNoise?: tf.Tensor3D;
  /** `[B,P,2]` int32: top-left corners (y, x) of local crops that are given instead of drawn. */
  readonly cropOrigins?: tf.Tensor3D;
  /** Bilateral kernels of the half-size main views, for the regularization term. */
  readonly lattice?: LatticeTensors;
  /** `[B,M]` int32: the classes that each image shows, padded with −1; planes of other classes are not refined. */
  readonly presentClasses?: tf.Tensor2D;
  /** `[B,H,W]` int32: masks of the main views, 255 = ignored; the segmentation term learns from them instead of pseudo labels. */
  readonly masks?: tf.Tensor3D;
  /** `[B]` int32: 1 where an image's mask counts, 0 where its pseudo label does. Left out, all of `masks` count. */
  readonly masked?: tf.Tensor1D;
  /** `[B,C]` β_l and β_h of each class, see `thresholdsAt`; left out, those of the configuration hold. */
  readonly thresholds?: { readonly low: tf.Tensor2D; readonly high: tf.Tensor2D };
  /** Arrays of one's own `[B,…]`, by name: what an enrichment of the loader gives. */
  readonly extra?: Readonly<Record<string, tf.Tensor>>;
}
