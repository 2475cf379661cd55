import { assertShape, fuse, withoutGradient } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { defaultDilations, neighborOffsets, neighbors, padded } from './neighborhood.js';
import { assertDilations, type ParAffinityOptions } from './options.js';

/** Keeps the division finite where all neighbors are equal. */
const EPSILON = 1e-8;

/**
 * Weights of the neighbors of every pixel from the image alone: what {@link refine} applies (the pixel-adaptive refinement of AFA, Ru et al.,
 * CVPR 2022, which ToCo takes over).
 *
 * With d the difference of a neighbor and the pixel in one channel, σ the unbiased standard deviation of that channel
 * over all neighbors, r the distance of a neighbor (times √2 on diagonals), w₁ the bandwidth (0.3) and w₂ the weight of the position
 * term (0.01): weights = softmax(−mean_channels (d/(σ + 1e-8)/w₁)²) + w₂·softmax(−(r/(σ_r + 1e-8)/w₁)²).
 * They sum to 1 + w₂. Beyond the border the nearest pixel counts. A constant to any gradient.
 *
 * @param images `[B,H,W,3]`, 0…1
 * @returns `[B,H,W,8·dilations]`, the 8 neighbors of the first dilation first
 * @throws where the images have another shape or there is no dilation
 * @example
 * const affinity = parAffinity(images);
 * const refined = refine(masks, affinity);
 */
export function parAffinity(images: tf.Tensor, options: ParAffinityOptions = {}): tf.Tensor4D {
  assertShape('parAffinity: images', images, ['B', 'H', 'W', 3]);
  assertDilations('parAffinity', options.dilations ?? defaultDilations);
  return withoutGradient(() =>
    tf.tidy(() => tf.transpose(affinityPlanes(images as tf.Tensor4D, options), [1, 2, 3, 0])),
  );
}

/** The weights with neighbors before pixels, `[8·dilations,B,H,W]`: what the refinement reads fastest. */
export function affinityPlanes(images: tf.Tensor4D, options: ParAffinityOptions): tf.Tensor4D {
  const { dilations = defaultDilations, pixelsAtOnce = Infinity } = options;
  const [B, H, W] = images.shape;
  if (B * H * W <= pixelsAtOnce) return planesOf(images, options);
  const reach = Math.max(...dilations);
  // Each strip sees the neighbors of its rows, too.
  const rows = Math.max(fewestRows, Math.floor(pixelsAtOnce / (B * W)) - 2 * reach);
  return tf.tidy(() => {
    const strips: tf.Tensor4D[] = [];
    for (let top = 0; top < H; top += rows) {
      const height = Math.min(rows, H - top);
      const first = Math.max(0, top - reach);
      const last = Math.min(H, top + height + reach);
      const strip = tf.tidy(() => {
        const seen = tf.slice(images, [0, first, 0, 0], [B, last - first, W, 3]);
        return tf.slice(planesOf(seen, options), [0, 0, top - first, 0], [-1, B, height, W]);
      });
      strips.push(strip);
    }
    return tf.concat(strips, 2);
  });
}

/** Rows of a strip at least: with fewer nearly all that is computed would be neighbors. */
const fewestRows = 16;

function planesOf(
  images: tf.Tensor4D,
  { dilations = defaultDilations, bandwidth = 0.3, positionWeight = 0.01 }: ParAffinityOptions,
): tf.Tensor4D {
  return tf.tidy(() => {
    const planes = tf.transpose(images, [3, 0, 1, 2]); // [3,B,H,W]
    const all = tf.tidy(() => {
      const reach = Math.max(...dilations);
      const around = padded(planes, reach);
      return tf.stack(dilations.flatMap((r) => neighbors(around, r, reach))); // [M,3,B,H,W]
    });
    const color = fuse(colorWeights(bandwidth))(all, planes);
    return tf.add(
      color,
      tf.tensor4d(positionWeights(dilations, { bandwidth, positionWeight }), [all.shape[0], 1, 1, 1]),
    );
  });
}

/** softmax over the neighbors of −mean_channels (d/(σ + 1e-8)/w₁)²: `[M,3,B,H,W]` and `[3,B,H,W]` to `[M,B,H,W]`. */
function colorWeights(bandwidth: number) {
  return (all: tf.Tensor, planes: tf.Tensor4D): tf.Tensor4D => {
    // Each step disposes of its input: maps of all neighbors are large.
    const scale = tf.tidy(() => {
      const squares = releasing(tf.sub(all, tf.mean(all, 0)), tf.square);
      const sigma = tf.sqrt(tf.mul(tf.sum(squares, 0), 1 / (all.shape[0]! - 1)));
      return tf.div(1 / bandwidth, tf.add(sigma, EPSILON)); // [3,B,H,W]
    });
    const scaled = releasing(tf.sub(all, planes), (difference) => tf.mul(difference, scale));
    const distances = releasing(releasing(scaled, tf.square), (squares) => tf.mean(squares, 1)); // [M,B,H,W]
    const exponentials = releasing(tf.sub(tf.min(distances, 0), distances), tf.exp);
    return tf.div(exponentials, tf.sum(exponentials, 0));
  };
}

function releasing(x: tf.Tensor, f: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  const result = f(x);
  x.dispose();
  return result;
}

/** w₂·softmax of the position term, the same at every pixel. */
function positionWeights(
  dilations: readonly number[],
  { bandwidth, positionWeight }: { readonly bandwidth: number; readonly positionWeight: number },
): number[] {
  const distances = dilations.flatMap(neighborOffsets).map(([y, x]) => Math.hypot(y, x));
  const mean = distances.reduce((a, b) => a + b) / distances.length;
  const variance = distances.reduce((sum, r) => sum + (r - mean) ** 2, 0) / (distances.length - 1);
  const sigma = Math.sqrt(variance) + EPSILON;
  const logits = distances.map((r) => -((r / sigma / bandwidth) ** 2));
  const exponentials = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  const sum = exponentials.reduce((a, b) => a + b);
  return exponentials.map((e) => (positionWeight * e) / sum);
}
