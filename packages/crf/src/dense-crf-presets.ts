/** Kernels and iterations of a dense CRF. */
export interface DenseCrfKernels {
  /** Smoothness kernel: weight, and σ of the position in pixels. */
  readonly gaussian: { readonly weight: number; readonly sigmaXy: number };
  /** Appearance kernel: weight, σ of the position in pixels, σ of the color in levels 0…255. */
  readonly bilateral: { readonly weight: number; readonly sigmaXy: number; readonly sigmaRgb: number };
  /** Mean-field iterations. */
  readonly iterations: number;
}

/** Segmentation of ToCo at evaluation. */
export const tocoSegmentationCrf: DenseCrfKernels = {
  gaussian: { weight: 1, sigmaXy: 1 },
  bilateral: { weight: 4, sigmaXy: 121, sigmaRgb: 5 },
  iterations: 10,
};

/** Pseudo labels from CAMs in ToCo. */
export const tocoCamCrf: DenseCrfKernels = {
  gaussian: { weight: 3, sigmaXy: 3 },
  bilateral: { weight: 4, sigmaXy: 36, sigmaRgb: 3 },
  iterations: 10,
};

/** DeepLab v2. */
export const deepLabCrf: DenseCrfKernels = {
  gaussian: { weight: 3, sigmaXy: 3 },
  bilateral: { weight: 10, sigmaXy: 80, sigmaRgb: 13 },
  iterations: 10,
};

/** AFA. */
export const afaCrf: DenseCrfKernels = {
  gaussian: { weight: 3, sigmaXy: 3 },
  bilateral: { weight: 4, sigmaXy: 64, sigmaRgb: 5 },
  iterations: 10,
};

/** Label maps in IRN; its probabilities are {@link labelProbabilities} with confidence 0.7. */
export const irnLabelCrf: DenseCrfKernels = {
  gaussian: { weight: 3, sigmaXy: 3 },
  bilateral: { weight: 10, sigmaXy: 50, sigmaRgb: 5 },
  iterations: 10,
};
