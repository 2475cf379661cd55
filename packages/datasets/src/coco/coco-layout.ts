import { join } from 'node:path';

/** The two parts of COCO 2014 by the names of their folders. */
export const cocoSplits = { train: 'train2014', val: 'val2014' } as const;

/** A list of COCO. */
export type CocoList = keyof typeof cocoSplits;

/** Images with at least one object. */
export const cocoCounts: Readonly<Record<CocoList, number>> = { train: 82_081, val: 40_137 };

/** Where the masks of a list lie. */
export function cocoMaskFolder(root: string, list: CocoList): string {
  return join(root, 'SegmentationClass', cocoSplits[list]);
}

/** Remembers what a folder was prepared from. */
export function cocoStatePath(root: string): string {
  return join(root, 'preparation.json');
}

/** What a prepared folder says about itself. */
export interface PreparedCocoState {
  /** Number of images in each list. */
  readonly lists: Readonly<Record<CocoList, number>>;
  readonly classes: readonly string[];
  /** Folders of the photographs; relative ones are within the prepared folder. */
  readonly images: Readonly<Record<CocoList, string>>;
}

/** Whether something that was read from a file is a {@link PreparedCocoState}. */
export function isPreparedCocoState(value: unknown): value is PreparedCocoState {
  const { lists, classes, images } = (value ?? {}) as Partial<PreparedCocoState>;
  return (
    [lists?.train, lists?.val].every(Number.isInteger) &&
    [images?.train, images?.val].every((folder) => typeof folder === 'string') &&
    Array.isArray(classes) &&
    classes.every((name) => typeof name === 'string')
  );
}
