import { connectedParts, contourOfPart, type LabelMap } from '@toco/formats';
import { UserError } from '@toco/files';
import { parse } from 'yaml';
import type { AnnotatedRegion } from './annotated-image.js';
import { filledLines, readTextFile } from './text-file.js';

// YOLO's segmentation format: data.yaml names classes and parts; a text file for each image has a line for each polygon.

/** What a `data.yaml` says. */
export interface YoloDataset {
  /** In the order of their numbers, from 0. */
  readonly classes: readonly string[];
  /** Folders, or text files of paths, of each part, as the file has them. */
  readonly parts: Readonly<Record<'train' | 'val' | 'test', readonly string[]>>;
}

/** @throws One line that names the file where it is no YAML, or does not number its classes. */
export async function readYoloDataset(path: string): Promise<YoloDataset> {
  let document: unknown;
  try {
    document = parse(await readTextFile(path));
  } catch (error) {
    const message = (error as Error).message.split('\n')[0]!.replace(/:$/, '');
    throw new UserError(message.startsWith(path) ? message : `${path}: ${message}`, { cause: error });
  }
  const { names, train, val, test } = (document ?? {}) as Readonly<Record<string, unknown>>;
  const entries = Object.entries((names ?? {}) as object) as [string, unknown][];
  const classes = entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, name]) => String(name));
  if (classes.length === 0 || entries.some(([number], i) => Number(number) !== i))
    throw new UserError(`${path}: names must number the classes 0, 1, 2, …: "names: {0: cat, 1: dog}"`);
  const listed = (value: unknown): string[] =>
    [value].flat().filter((place): place is string => typeof place === 'string');
  return { classes, parts: { train: listed(train), val: listed(val), test: listed(test) } };
}

/** What the label file of an image says. */
export interface YoloLabels {
  readonly names: readonly string[];
  /** Polygons, larger ones first; left out where a line is a box. */
  readonly regions?: readonly AnnotatedRegion[];
}

/**
 * The lines of a label file: `class x1 y1 … xn yn` is a polygon in shares of width and height, `class x y width height` a box.
 *
 * @throws One line that names the file and the line that is wrong.
 */
export async function readYoloLabels(path: string, classes: readonly string[]): Promise<YoloLabels> {
  const names = new Set<string>();
  const found: { readonly region: AnnotatedRegion; readonly area: number }[] = [];
  let isWhole = true;
  for (const [i, line] of filledLines(await readTextFile(path)).entries()) {
    const where = `${path}, line ${i + 1}`;
    const [number = -1, ...values] = line.split(/\s+/).map(Number);
    const name = classes[number];
    if (name === undefined)
      throw new UserError(
        `${where}: "${line.split(/\s+/)[0]!.slice(0, 40)}" is not a class number; there are ${classes.length}, from 0`,
      );
    if (!values.every((value) => value >= 0 && value <= 1))
      throw new UserError(`${where}: coordinates are shares of width and height, from 0 to 1`);
    if (values.length !== 4 && (values.length < 6 || values.length % 2 !== 0))
      throw new UserError(
        `${where}: ${values.length} numbers behind the class; a polygon has x and y of three points or more, a box four numbers`,
      );
    names.add(name);
    isWhole &&= values.length !== 4;
    if (values.length !== 4)
      found.push({ region: { name, polygons: [values], unit: 'shares' }, area: areaOf(values) });
  }
  const regions = found.sort((a, b) => b.area - a.area).map(({ region }) => region);
  return { names: [...names], ...(isWhole && { regions }) };
}

function areaOf(points: readonly number[]): number {
  let twice = 0;
  for (let i = 0; i < points.length; i += 2) {
    const next = (i + 2) % points.length;
    twice += points[i]! * points[next + 1]! - points[next]! * points[i + 1]!;
  }
  return Math.abs(twice) / 2;
}

/** The label file of a label map, a line for each connected part of a class; background and 255 make none. */
export function yoloLabels(map: LabelMap): string {
  const { width, height } = map;
  const share = (value: number, i: number): string =>
    (value / (i % 2 === 0 ? width : height)).toFixed(6).replace(/\.?0+$/, '');
  return connectedParts(map, { skipped: [0, 255] })
    .map((part) => `${part.label - 1} ${contourOfPart(part).map(share).join(' ')}\n`)
    .join('');
}

/** The `data.yaml` beside `images/` and `labels/`: all images are for training and validation, until it is edited. */
export function yoloDataset(classes: readonly string[]): string {
  const names = classes.map((name, i) => `  ${i}: ${JSON.stringify(name)}\n`);
  return `path: .\ntrain: images\nval: images\nnames:\n${names.join('')}`;
}
