import type { FigurePicture } from '../figure-picture.js';

/** A row of pictures of one image. */
export interface FigureRow {
  readonly id: string;
  /** Labels (1 … C) that the image shows. */
  readonly labels: readonly number[];
  readonly pictures: readonly FigurePicture[];
}

/** Rows that belong together: a figure of the paper. */
export interface PictureFigure {
  /** Part of the names of its files, and of its address in the page. */
  readonly name: string;
  readonly title: string;
  /** What one sees, in a sentence or two. */
  readonly text: string;
  readonly rows: readonly FigureRow[];
}

/** Patch tokens of an image, for the map that follows the pointer. */
export interface PatchTokens {
  readonly id: string;
  readonly labels: readonly number[];
  readonly picture: FigurePicture;
  /** The token grid. */
  readonly rows: number;
  readonly columns: number;
  /** `[rows · columns, dim]`, each of length 1, in steps of `scale`. */
  readonly tokens: Int8Array;
  readonly scale: number;
  /** The patch that is chosen first. */
  readonly start: { readonly row: number; readonly column: number };
}

/** Token similarity of one run. */
export interface SimilarityLine {
  readonly run: string;
  readonly values: readonly number[];
}

/** Pixels by truth (rows) and prediction (columns). */
export interface ConfusionFigure {
  readonly numClasses: number;
  readonly counts: ArrayLike<number>;
  /** On what, and how, in one sentence. */
  readonly text: string;
}

/** The figures of one or several runs; no number of them comes from elsewhere. */
export interface ShownFigures {
  readonly title: string;
  /** One sentence. */
  readonly description: string;
  /** What to type to get them again. */
  readonly command: string;
  readonly machine: string;
  /** Names of the foreground classes. */
  readonly classes: readonly string[];
  readonly patches: readonly PatchTokens[];
  readonly pictures: readonly PictureFigure[];
  readonly similarity: { readonly lines: readonly SimilarityLine[]; readonly text: string } | undefined;
  readonly confusion: ConfusionFigure | undefined;
}
