/** Something drawn over a picture; places in the picture's own pixels. */
export type Mark =
  | {
      readonly kind: 'box';
      readonly y: number;
      readonly x: number;
      readonly height: number;
      readonly width: number;
      readonly color: string;
      readonly label: string;
    }
  | { readonly kind: 'point'; readonly y: number; readonly x: number };

/** One picture of a figure. */
export interface FigurePicture {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** A JPEG file. */
  readonly jpeg: Uint8Array;
  readonly marks?: readonly Mark[];
}
