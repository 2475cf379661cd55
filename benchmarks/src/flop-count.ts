/** Sizes that the work of an iteration depends on. */
export interface IterationSizes {
  /** D, width of a token. */
  readonly dim: number;
  /** Blocks of the encoder. */
  readonly depth: number;
  /** Pixels per side of a token. */
  readonly patch: number;
  /** Width of the decoder's hidden layers. */
  readonly decoderDim: number;
  readonly projection: { readonly hidden: number; readonly bottleneck: number; readonly out: number };
  /** C, foreground classes. */
  readonly classes: number;
  /** Side of the views in pixels. */
  readonly crop: number;
  readonly localCrops: { readonly size: number; readonly count: number };
  /** Scales of the CAMs. */
  readonly scales: readonly number[];
  readonly batch: number;
}

/** Floating-point operations of one iteration with all six terms on. */
export interface IterationFlops {
  /** Everything computed once, and of the last block only the class token where nothing else is looked at. */
  readonly ours: number;
  /** Everything computed once. */
  readonly deduplicated: number;
  /** With the passes that the original repeats. */
  readonly original: number;
}

/**
 * Counts the matrix products and convolutions of one iteration, a multiplication and an addition as two.
 *
 * A pass that is differentiated costs three forward passes, less the gradient of the image, which nobody asks for.
 * Element-wise work, resizing, PAR, the lattice filter and the optimizer are not counted: this is the floor that a share
 * of the machine's matrix-product peak may be taken of.
 *
 * @example
 * iterationFlops({ ...vitBaseSizes, crop: 448, batch: 4 }).deduplicated; // 8.74e12
 */
export function iterationFlops(sizes: IterationSizes): IterationFlops {
  const { dim, depth, patch, decoderDim, projection, classes, crop, localCrops, scales, batch } = sizes;
  const tokensOf = (side: number): number => Math.floor(side / patch) ** 2;

  const embedding = (side: number): number => 2 * tokensOf(side) * 3 * patch * patch * dim;
  const block = (side: number): number => {
    const count = tokensOf(side) + 1;
    const linear = 2 * count * 12 * dim * dim; // query, key, value, projection: 4 D²; perceptron: 8 D²
    const attention = 4 * count * count * dim;
    return linear + attention;
  };
  const blocks = (side: number): number => depth * block(side);
  /** A block of which only the class token goes on: the others are keys and values. */
  const classTokenBlock = (side: number): number => {
    const count = tokensOf(side) + 1;
    return 2 * (2 * count + 10) * dim * dim + 4 * count * dim;
  };
  const decoder = (side: number): number =>
    2 * tokensOf(side) * (9 * dim * decoderDim + 9 * decoderDim ** 2 + decoderDim * (classes + 1));
  const { hidden, bottleneck, out } = projection;
  const head = 2 * (dim * hidden + hidden ** 2 + hidden * bottleneck + bottleneck * out);

  const seen = (side: number): number => embedding(side) + blocks(side);
  const learned = (side: number): number => 2 * embedding(side) + 3 * blocks(side);

  const maps = (side: number): number => 2 * (2 * tokensOf(side) * dim * classes); // raw CAMs of both classifiers
  const sides = scales.map((scale) => Math.floor(scale * crop));
  const perCam = sides.map((side) => seen(side) + maps(side));
  const allCams = perCam.reduce((sum, flops) => sum + 2 * flops, 0);

  const views = 2 + localCrops.count;
  const tokenPairs = 2 * tokensOf(crop) ** 2 * dim;
  const viewPairs = 2 * 2 * views * out;
  const common =
    2 * learned(crop) +
    localCrops.count * learned(localCrops.size) +
    3 * decoder(crop) +
    (3 * views + 2) * head + // the student's, and the teacher's of the global views
    3 * tokenPairs +
    2 * viewPairs +
    3 * 2 * 2 * dim * classes;
  const main = scales.indexOf(1);
  const deduplicated = common + allCams - (main < 0 ? 0 : seen(sides[main]!));
  const original =
    common +
    allCams +
    sides.reduce((sum, side) => sum + 2 * decoder(side), 0) +
    learned(crop) +
    2 * seen(crop);
  const unseen = (side: number): number => 3 * (block(side) - classTokenBlock(side));
  const ours = deduplicated - unseen(crop) - localCrops.count * unseen(localCrops.size);
  return { ours: batch * ours, deduplicated: batch * deduplicated, original: batch * original };
}
