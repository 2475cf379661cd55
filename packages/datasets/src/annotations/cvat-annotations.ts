import { connectedParts, encodeRleCounts, type LabelMap, rleFromMask } from '@toco/formats';
import { UserError } from '@toco/files';
import type { RegionShape } from '../image/drawn-regions.js';
import type { AnnotatedImage, AnnotatedRegion, Annotations } from './annotated-image.js';
import { isImageSide } from './annotated-image.js';
import { readTextFile } from './text-file.js';
import { eachXmlElement, xmlAttribute } from './xml-elements.js';

// CVAT's format "CVAT for images 1.1": one XML file; masks are run lengths row by row within a box, background first.

type Attributes = Readonly<Record<string, string>>;

/** Elements of an image that are shapes, beside its tags. */
const shapes = new Set(['box', 'polygon', 'polyline', 'points', 'ellipse', 'cuboid', 'skeleton', 'mask']);

/**
 * What an `annotations.xml` of CVAT ("CVAT for images 1.1") says: tags and all shapes are labels, polygons and masks outlines too.
 * Classes are the labels of the task in its order. Shapes lie over one another as CVAT shows them.
 *
 * @throws One line that names the file, the line where it is no XML, and the image where a shape is wrong.
 */
export async function readCvatAnnotations(path: string): Promise<Annotations> {
  const classes = new Set<string>();
  const images: AnnotatedImage[] = [];
  let current: { readonly image: Attributes; readonly size: ImageSize; readonly found: Shape[] } | undefined;
  let isCvat = false;
  eachXmlElement(await readTextFile(path), path, {
    onOpen(place, attributes) {
      isCvat ||= place === 'annotations';
      const [, element, shape, ...inside] = place.split('/');
      if (element !== 'image') return;
      if (shape === undefined) {
        current = { image: attributes, size: sizeOf(attributes, path), found: [] };
      } else if (inside.length === 0 && (shape === 'tag' || shapes.has(shape))) {
        current!.found.push(shapeOf(shape, attributes, { ...current!, path }));
      }
    },
    onClose(place, text) {
      // Tasks and projects hold their labels at different depths; those of a skeleton's points have a parent.
      if (/^annotations\/meta\/.*\blabels\/label\/name$/.test(place) && text !== '') classes.add(text);
      if (place === 'annotations/image') images.push(imageOf(current!, path));
    },
  });
  if (!isCvat) throw new UserError(`${path}: not an annotations.xml of CVAT; export "CVAT for images 1.1"`);
  if (images.length === 0)
    throw new UserError(`${path}: names no image; export "CVAT for images 1.1", not "for video"`);
  for (const { names } of images) for (const name of names) classes.add(name);
  return { classes: [...classes], images };
}

interface ImageSize {
  readonly width: number;
  readonly height: number;
}

interface Shape {
  readonly name: string;
  readonly layer: number;
  /** Left out for a tag; undefined for a shape without outline. */
  readonly outline?: RegionShape | undefined;
  readonly isTag: boolean;
}

function sizeOf(image: Attributes, path: string): ImageSize {
  const [width, height] = [Number(image['width']), Number(image['height'])];
  if (isImageSide(width) && isImageSide(height)) return { width, height };
  throw new UserError(`${path}, image ${image['name'] ?? ''}: has no usable width and height`);
}

function shapeOf(
  shape: string,
  attributes: Attributes,
  { image, size, path }: { image: Attributes; size: ImageSize; path: string },
): Shape {
  const where = `${path}, image ${image['name'] ?? ''}`;
  const { label: name = '' } = attributes;
  if (name === '') throw new UserError(`${where}: a ${shape} has no label`);
  const outline =
    shape === 'polygon'
      ? { polygons: [pointsOf(attributes, where)], unit: 'pixels' as const }
      : shape === 'mask'
        ? { counts: countsOf(attributes, size, where) }
        : undefined;
  return { name, layer: Number(attributes['z_order'] ?? 0), outline, isTag: shape === 'tag' };
}

function pointsOf({ points = '' }: Attributes, where: string): number[] {
  const numbers = points.split(/[;,]/).map(Number);
  if (points === '' || numbers.length % 2 !== 0 || !numbers.every(Number.isFinite))
    throw new UserError(`${where}: a polygon has no points x,y;x,y;…`);
  return numbers;
}

/** The run lengths of the whole image, of those within a box. */
function countsOf(attributes: Attributes, { width, height }: ImageSize, where: string): string {
  const [left, top, columns, rows] = ['left', 'top', 'width', 'height'].map((key) =>
    Number(attributes[key]),
  ) as [number, number, number, number];
  const runs = (attributes['rle'] ?? '').split(',').map(Number);
  const area = runs.reduce((sum, run) => sum + run, 0);
  const isInside = isImageSide(columns) && isImageSide(rows) && left >= 0 && top >= 0;
  if (!isInside || !Number.isInteger(left + top) || left + columns > width || top + rows > height)
    throw new UserError(`${where}: the box of a mask does not lie in the image of ${width} × ${height}`);
  if (area !== columns * rows || !runs.every((run) => Number.isInteger(run) && run >= 0))
    throw new UserError(`${where}: the runs of a mask do not fill its box of ${columns} × ${rows}`);
  const mask = new Uint8Array(width * height);
  let at = 0;
  runs.forEach((run, i) => {
    for (const end = at + run; at < end; at++)
      if (i % 2 === 1) mask[(top + Math.floor(at / columns)) * width + left + (at % columns)] = 1;
  });
  return encodeRleCounts(rleFromMask(mask, height, width).counts);
}

function imageOf(
  { image, size, found }: { image: Attributes; size: ImageSize; found: readonly Shape[] },
  path: string,
): AnnotatedImage {
  const { name = '', subset } = image;
  const regions = [...found]
    .sort((a, b) => a.layer - b.layer)
    .flatMap(({ name: label, outline }): AnnotatedRegion[] =>
      outline === undefined ? [] : [{ name: label, ...outline }],
    );
  const outlined = new Set(regions.map((region) => region.name));
  const isWhole = found.every(
    (shape) => shape.outline !== undefined || (shape.isTag && outlined.has(shape.name)),
  );
  return {
    name,
    source: path,
    part: subset,
    names: [...new Set(found.map((shape) => shape.name))],
    size,
    ...(isWhole && { regions }),
  };
}

/** An image of a CVAT file: its photograph's name in the task, and its labels. */
export interface CvatImage {
  /** Its id is one less; where it is to keep that when images before it come and go. Default: its place in the order given, from 1. */
  readonly number?: number | undefined;
  readonly fileName: string;
  readonly width: number;
  readonly height: number;
  /** A line a mask. */
  readonly masks: readonly string[];
}

/** The masks of a label map, one for each connected part of a class, pixel by pixel; background and 255 make none. */
export function cvatMasks(map: LabelMap, classes: readonly string[]): string[] {
  return connectedParts(map, { skipped: [0, 255] }).map(({ label, box, mask }) => {
    const runs: number[] = [0];
    let inside = 0;
    for (const value of mask) {
      if (value !== inside) {
        runs.push(0);
        inside = value;
      }
      runs[runs.length - 1]!++;
    }
    const { left, top, width, height } = box;
    const name = xmlAttribute(classes[label - 1]!);
    return `<mask label="${name}" source="file" occluded="0" rle="${runs.join(', ')}" left="${left}" top="${top}" width="${width}" height="${height}" z_order="0"></mask>`;
  });
}

/**
 * The text of an `annotations.xml` ("CVAT for images 1.1"), piece by piece, to be uploaded as annotations of a task that has these
 * images and labels.
 *
 * @example
 * await writeWhole('annotations.xml', cvatFile([{ fileName: 'a.jpg', width, height, masks: cvatMasks(map, classes) }], classes));
 */
export function* cvatFile(images: readonly CvatImage[], classes: readonly string[]): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  const labels = classes.map((name) => `<label><name>${xmlAttribute(name)}</name><type>mask</type></label>`);
  yield encoder.encode(
    `<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n<meta><task><labels>${labels.join('')}</labels></task></meta>\n`,
  );
  for (const [i, { number = i + 1, fileName, width, height, masks }] of images.entries()) {
    yield encoder.encode(
      `<image id="${number - 1}" name="${xmlAttribute(fileName)}" width="${width}" height="${height}">\n${masks.map((mask) => `${mask}\n`).join('')}</image>\n`,
    );
  }
  yield encoder.encode('</annotations>\n');
}
