import type { RegionShape } from '../image/drawn-regions.js';

/** An object with an outline. */
export type AnnotatedRegion = RegionShape & {
  /** Name of its class; left out for pixels that are to be ignored. */
  readonly name?: string;
};

/** What a tool's file says of one image. */
export interface AnnotatedImage {
  /** The photograph as the file calls it: a name to look for among those that are there, never a path to open. */
  readonly name: string;
  /** The file that says so. */
  readonly source: string;
  /** The part of the data set that the file puts it in. */
  readonly part?: string | undefined;
  /** Names of the classes that it shows. */
  readonly names: readonly string[];
  /** Of the photograph, in pixels, where the file tells. */
  readonly size?: { readonly width: number; readonly height: number };
  /** Outlines in the order of drawing; left out where an object has none, so that they would be no mask. */
  readonly regions?: readonly AnnotatedRegion[];
}

/** What the files of a tool say. */
export interface Annotations {
  /** Names in the tool's own order. */
  readonly classes: readonly string[];
  readonly images: readonly AnnotatedImage[];
}

/** What tools call pixels of no class, and those that count for nothing. */
export function meaningOfName(name: string): 'background' | 'ignored' | 'class' {
  if (/^_*background_*$/i.test(name)) return 'background';
  return /^_*(?:ignored?|void)_*$/i.test(name) ? 'ignored' : 'class';
}

/** A photograph of more pixels on a side is nobody's: what says so is damaged. */
export function isImageSide(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= 2 ** 14;
}
