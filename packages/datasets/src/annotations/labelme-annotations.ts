import { connectedParts, contourOfPart, encodeRleCounts, type LabelMap, rleFromMask } from '@toco/formats';
import { UserError } from '@toco/files';
import sharp from 'sharp';
import type { RegionShape } from '../image/drawn-regions.js';
import { type AnnotatedImage, type AnnotatedRegion, isImageSide, meaningOfName } from './annotated-image.js';
import { readTextFile } from './text-file.js';

// LabelMe (labelme on PyPI): a JSON file for each image, mostly beside it.

type Json = Readonly<Record<string, unknown>>;

/** Whether a text begins like a file of LabelMe; its JSON may hold the whole photograph behind that. */
export function looksLikeLabelMe(beginning: string): boolean {
  return /^\s*\{/.test(beginning) && /"shapes"\s*:\s*\[/.test(beginning);
}

/**
 * What a file of LabelMe says of its image: the labels of all shapes, and flags that are set; polygons, circles and masks are
 * outlines too.
 *
 * @throws One line that names the file, and the shape where one is wrong.
 */
export async function readLabelMeFile(path: string): Promise<AnnotatedImage> {
  const document = objectIn(await readTextFile(path), path);
  const { shapes, imagePath, imageWidth: width, imageHeight: height, flags } = document;
  if (!Array.isArray(shapes) || typeof imagePath !== 'string')
    throw new UserError(`${path}: not a file of LabelMe: shapes or imagePath are missing`);
  if (!isImageSide(width) || !isImageSide(height))
    throw new UserError(`${path}: has no usable imageWidth and imageHeight`);
  const names = new Set<string>();
  const regions: AnnotatedRegion[] = [];
  let isWhole = true;
  for (const [i, shape] of (shapes as unknown[]).entries()) {
    const where = `${path}, shape ${i + 1}`;
    const { label } = (shape ?? {}) as Json;
    if (typeof label !== 'string' || label === '') throw new UserError(`${where}: has no label`);
    const outline = await outlineOf(shape as Json, { width, height, where });
    const meaning = meaningOfName(label);
    if (meaning === 'class') names.add(label);
    if (outline === undefined) isWhole &&= meaning !== 'class';
    else regions.push({ ...outline, ...(meaning !== 'ignored' && { name: label }) });
  }
  const outlined = new Set(regions.map(({ name }) => name));
  for (const [name, value] of Object.entries((flags ?? {}) as Json)) {
    if (value !== true) continue;
    names.add(name);
    isWhole &&= outlined.has(name);
  }
  return {
    name: imagePath,
    source: path,
    names: [...names],
    size: { width, height },
    ...(isWhole && { regions }),
  };
}

function objectIn(text: string, where: string): Json {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${where}: ${(error as Error).message.replaceAll(/\s+/g, ' ').slice(0, 300)}`, {
      cause: error,
    });
  }
  if (typeof document === 'object' && document !== null) return document as Json;
  throw new UserError(`${where}: not a file of LabelMe`);
}

/** The pixels of a shape; undefined where it is a box, a line or a point. */
async function outlineOf(
  { shape_type: type = 'polygon', points, mask }: Json,
  { width, height, where }: { width: number; height: number; where: string },
): Promise<RegionShape | undefined> {
  if (type !== 'polygon' && type !== 'circle' && type !== 'mask') return undefined;
  const numbers = Array.isArray(points) ? (points as unknown[]).flat() : [];
  const isPoints = numbers.length % 2 === 0 && numbers.every((value) => Number.isFinite(value));
  const enough = type === 'polygon' ? 6 : 4;
  if (!isPoints || numbers.length < enough)
    throw new UserError(`${where}: a ${type} has no ${enough / 2} points [[x, y], …]`);
  const coordinates = numbers as number[];
  if (type === 'polygon') return { polygons: [coordinates], unit: 'pixels' };
  if (type === 'circle') return { polygons: [circle(coordinates)], unit: 'pixels' };
  if (typeof mask !== 'string') throw new UserError(`${where}: a mask has no image`);
  return { counts: await countsOfMask(mask, { corner: coordinates, width, height, where }) };
}

/** Center and a point of the circle, as a polygon whose corners lie within a tenth of a pixel. */
function circle([x = 0, y = 0, a = 0, b = 0]: readonly number[]): number[] {
  const radius = Math.hypot(a - x, b - y);
  const corners = Math.min(720, Math.max(12, Math.ceil(Math.PI / Math.sqrt(0.2 / Math.max(1, radius)))));
  return Array.from({ length: corners }, (_, i) => (2 * Math.PI * i) / corners).flatMap((angle) => [
    x + radius * Math.cos(angle),
    y + radius * Math.sin(angle),
  ]);
}

/** The mask of a shape is a PNG of its box; what reaches over the photograph is cut off. */
async function countsOfMask(
  base64: string,
  {
    corner,
    width,
    height,
    where,
  }: { corner: readonly number[]; width: number; height: number; where: string },
): Promise<string> {
  const { data, info } = await sharp(Buffer.from(base64, 'base64'), { limitInputPixels: 2 ** 28 })
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw new UserError(`${where}: the mask is not an image (${(error as Error).message.split('\n')[0]})`, {
        cause: error,
      });
    });
  const [left, top] = [Math.round(corner[0]!), Math.round(corner[1]!)];
  const out = new Uint8Array(width * height);
  for (let y = Math.max(0, -top); y < Math.min(info.height, height - top); y++) {
    for (let x = Math.max(0, -left); x < Math.min(info.width, width - left); x++)
      if (data[y * info.width + x] !== 0) out[(top + y) * width + left + x] = 1;
  }
  return encodeRleCounts(rleFromMask(out, height, width).counts);
}

/**
 * The file of LabelMe for a label map: a polygon for each connected part of a class. Background and 255 make none.
 *
 * @param imagePath - The photograph, as seen from the file's folder.
 * @example
 * await writeFile('labelme/a.json', labelMeFile(map, { imagePath: '../photos/a.jpg', classes: ['cat', 'dog'] }));
 */
export function labelMeFile(
  map: LabelMap,
  { imagePath, classes }: { readonly imagePath: string; readonly classes: readonly string[] },
): Uint8Array {
  const shapes = connectedParts(map, { skipped: [0, 255] }).map((part) => {
    const polygon = contourOfPart(part);
    return {
      label: classes[part.label - 1]!,
      points: polygon.flatMap((x, i) => (i % 2 === 0 ? [[x, polygon[i + 1]!]] : [])),
      group_id: null,
      description: '',
      shape_type: 'polygon',
      flags: {},
      mask: null,
    };
  });
  const document = {
    ...{ version: '5.5.0', flags: {}, shapes, imagePath, imageData: null },
    ...{ imageHeight: map.height, imageWidth: map.width },
  };
  return new TextEncoder().encode(`${JSON.stringify(document)}\n`);
}
