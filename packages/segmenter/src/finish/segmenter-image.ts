import type { Planes, Samples } from '../masks/resize-planes.js';

/** An image to be segmented. What else an object holds rides along and comes back with the result. */
export interface SegmenterImage {
  /** What errors call it. */
  readonly id?: string;
  readonly height: number;
  readonly width: number;
  /** `[height, width, 3]`: red, green, blue in 0…255. */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** `[C]`, 1 where the image shows a class; where it is missing, classes are taken by score. */
  readonly labels?: ArrayLike<number> | undefined;
}

/** What is known of an image before it is computed. */
export type SizeAndLabels = Pick<SegmenterImage, 'height' | 'width' | 'labels'>;

/** What can be asked for; each is a field of the result. `C` classes, `K = C + 1` with the background, `H×W` the image's own size. */
export interface SegmenterOutputs {
  /** `[H,W]` the class of every pixel, 0 background: the whole protocol, CRF included. */
  readonly labels: Uint8Array;
  /** The same before the CRF. */
  readonly fusedLabels: Uint8Array;
  /** The same at scale 1, without mirror and CRF. */
  readonly singleLabels: Uint8Array;
  /** `[H,W,K]` softmax of the fused logits, or what the CRF made of it. */
  readonly probabilities: Planes;
  /** `[H,W,K]` fused logits. */
  readonly logits: Planes;
  /** `[H,W,M]` CAM in 0…1, a plane for each of the `M` classes of the result. */
  readonly cam: Planes;
  /** The same of the auxiliary classifier. */
  readonly camAux: Planes;
  /** `[C]` sigmoid of the classifier's logits at scale 1. */
  readonly scores: Float32Array;
  /** The same of the auxiliary classifier. */
  readonly scoresAux: Float32Array;
  /** `[h,w,heads]` on the token grid of scale 1: how much of the class token's attention each patch gets in the last block. */
  readonly attention: Planes;
  /** `[h,w,D]` patch tokens of scale 1, see `similarityMap`. */
  readonly tokens: Planes;
  /** `[blocks]` mean cosine of different patch tokens after each block at scale 1 (ToCo, figure 2). */
  readonly similarity: Float32Array;
}

/** One of {@link SegmenterOutputs}. */
export type SegmenterOutput = keyof SegmenterOutputs;

/** An image and what was asked about it. */
export type Segmented<I, O extends SegmenterOutput> = Pick<SegmenterOutputs, O> & {
  readonly image: I;
  /** Foreground classes, from 0, that the planes of CAMs stand for: by labels or by score; none where no CAM was asked for. */
  readonly classes: readonly number[];
  /** Classes (0 background) that the CRF left out where memory asked for it: nearly always none. */
  readonly leftOut: readonly number[];
};

/** Throws one line unless the bytes of an image are what its size says. */
export function samplesOf({ id, height, width, data }: SegmenterImage): Samples {
  if (height >= 1 && width >= 1 && data.length === height * width * 3)
    return { height, width, channels: 3, data };
  throw new Error(
    `${id ?? 'image'}: ${data.length} bytes for ${height}×${width} pixels; give red, green and blue of each.`,
  );
}
