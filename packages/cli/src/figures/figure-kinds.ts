/** The figures that `toco show` draws, by the names of their files. */
export const figureKinds = [
  'patches',
  'similarity',
  'cams',
  'segmentations',
  'attention',
  'crops',
  'errors',
  'confusion',
] as const;

/** One of {@link figureKinds}. */
export type FigureKind = (typeof figureKinds)[number];
