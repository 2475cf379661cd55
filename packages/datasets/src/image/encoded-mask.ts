import type { EncodedImage } from './encoded-image.js';
import type { Region } from './drawn-regions.js';

/** A color image that gives each class a color: a PNG of RGB or with a palette, or one of gray numbers that count `colors` from 0. */
export interface ColoredMask {
  readonly path: string;
  readonly colors: readonly { readonly color: number; readonly label: number }[];
}

/** Objects that are drawn when the mask is wanted. */
export interface DrawnMask {
  /** What messages call it. */
  readonly name: string;
  /** Of the photograph that was annotated; left out where shapes count in shares of it. */
  readonly size?: { readonly width: number; readonly height: number };
  readonly regions: readonly Region[];
}

/** A mask that is still encoded. Plain data, so that it can go to a worker thread. */
export type EncodedMask = EncodedImage | ColoredMask | DrawnMask;

/** What messages call the mask. */
export function maskName(mask: EncodedMask): string {
  return 'path' in mask ? mask.path : mask.name;
}
