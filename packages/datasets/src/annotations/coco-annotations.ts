import { createReadStream } from 'node:fs';
import {
  connectedParts,
  encodeRleCounts,
  type LabelMap,
  polygonOfPart,
  rleArea,
  rleFromSegmentation,
  rleOfPart,
} from '@toco/formats';
import { JSONParser } from '@streamparser/json';
import { assertNotAborted, UserError } from '@toco/files';
import { type Annotations, isImageSide } from './annotated-image.js';

/** An object of an image, as far as masks and labels need it. */
export interface CocoObject {
  /** The category's id, as the file numbers them. */
  readonly category: number;
  readonly crowd: boolean;
  /** Pixels, as the file says; it decides the order of drawing. */
  readonly area: number;
  /** Run lengths in COCO's text, the shortest form to keep many of them; left out for an object that has a box alone. */
  readonly counts?: string;
}

/** An image and its objects, in the file's order. */
export interface CocoImage {
  readonly fileName: string;
  readonly height: number;
  readonly width: number;
  readonly objects: CocoObject[];
}

/** What a file of instance annotations holds. */
export interface CocoInstances {
  /** By the file's ids. */
  readonly images: ReadonlyMap<number, CocoImage>;
  /** Names by the file's ids. */
  readonly categories: ReadonlyMap<number, string>;
  /** Names of groups of categories. */
  readonly groups: ReadonlySet<string>;
}

/** Options of {@link readInstances}. */
export interface ReadInstancesOptions {
  /** Any file names, and objects without outline, as other tools than the owners' write them. */
  readonly ofAnyTool?: boolean | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads `instances_*.json` piece by piece: the whole text, which has 448 MB for `train2014`, is never held at once. Polygons and
 * run lengths of both forms become run lengths as soon as they are read.
 *
 * @throws One line that names the file, and the annotation where one is wrong.
 */
export async function readInstances(
  path: string,
  options: ReadInstancesOptions = {},
): Promise<CocoInstances> {
  const images = new Map<number, CocoImage>();
  const categories = new Map<number, string>();
  const groups = new Set<string>();
  const early: Json[] = [];
  const { ofAnyTool = false } = options;

  const add = (collection: unknown, value: Json): void => {
    if (collection === 'images') images.set(id(value, 'image'), image(value, ofAnyTool));
    else if (collection === 'categories') {
      categories.set(id(value, 'category'), text(value, 'name', 'category'));
      if (typeof value['supercategory'] === 'string') groups.add(value['supercategory']);
    } else if (images.has(value['image_id'] as number)) addObject(images, value, ofAnyTool);
    else early.push(value); // of a file that lists its images after their annotations
  };
  const parser = new JSONParser({
    paths: ['$.images.*', '$.categories.*', '$.annotations.*'],
    keepStack: false,
  });
  parser.onValue = ({ value, stack }) => {
    if (typeof value !== 'object' || value === null) throw new UserError('an entry is not an object');
    add(stack[1]?.key, value as Json);
  };
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 18 })) {
      assertNotAborted(options.signal);
      parser.write(chunk as Uint8Array);
      options.onBytes?.((bytes += (chunk as Uint8Array).length));
    }
    if (!parser.isEnded) throw new UserError('the file is cut short');
    for (const annotation of early) addObject(images, annotation, ofAnyTool);
    if (images.size === 0 || categories.size === 0) {
      throw new UserError('there are no images and categories: is it an instances_*.json of COCO?');
    }
    assertKnownCategories(images, categories);
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' ? 'the file does not exist' : message.replaceAll(/\s+/g, ' ').slice(0, 300);
    throw new UserError(`${path}: ${reason}`, { cause: error });
  }
  return { images, categories, groups };
}

function image(value: Json, ofAnyTool: boolean): CocoImage {
  const fileName = text(value, 'file_name', 'image');
  if (!ofAnyTool && !/^\w[\w.-]*\.jpg$/.test(fileName))
    throw new UserError(`image file name ${JSON.stringify(fileName)} is not NAME.jpg`);
  const [height, width] = [value['height'], value['width']];
  if (!isImageSide(height) || !isImageSide(width))
    throw new UserError(`image ${fileName} has no usable height and width`);
  return { fileName, height, width, objects: [] };
}

function addObject(images: ReadonlyMap<number, CocoImage>, annotation: Json, boxesToo: boolean): void {
  const where = `annotation ${String(annotation['id'])}`;
  const owner = images.get(annotation['image_id'] as number);
  if (owner === undefined)
    throw new UserError(`${where} belongs to image ${String(annotation['image_id'])}, which is not listed`);
  const category = annotation['category_id'];
  if (typeof category !== 'number') throw new UserError(`${where} has no category_id`);
  const { segmentation, area } = annotation;
  const crowd = Boolean(annotation['iscrowd']);
  const isBox = segmentation === undefined || segmentation === null || isEmpty(segmentation);
  if (boxesToo && isBox) {
    owner.objects.push({ category, crowd, area: typeof area === 'number' ? area : 0 });
    return;
  }
  try {
    const rle = rleFromSegmentation(segmentation, owner.height, owner.width);
    owner.objects.push({
      category,
      crowd,
      area: typeof area === 'number' ? area : rleArea(rle),
      counts: encodeRleCounts(rle.counts),
    });
  } catch (error) {
    throw new UserError(`${where}: ${(error as Error).message}`, { cause: error });
  }
}

/** `[]`, or `[[]]`. */
function isEmpty(segmentation: unknown): boolean {
  return (
    Array.isArray(segmentation) && segmentation.every((part) => Array.isArray(part) && part.length === 0)
  );
}

function assertKnownCategories(
  images: ReadonlyMap<number, CocoImage>,
  categories: ReadonlyMap<number, string>,
): void {
  for (const { fileName, objects } of images.values()) {
    const unknown = objects.find(({ category }) => !categories.has(category));
    if (unknown !== undefined) {
      throw new UserError(`an object of ${fileName} has category ${unknown.category}, which is not listed`);
    }
  }
}

function id(value: Json, what: string): number {
  const found = value['id'];
  if (typeof found !== 'number') throw new UserError(`${what} without an id`);
  return found;
}

function text(value: Json, key: string, what: string): string {
  const found = value[key];
  if (typeof found !== 'string') throw new UserError(`${what} ${String(value['id'])} has no ${key}`);
  return found;
}

/** What crowd regions become: ignored, as COCO's own evaluation does, or their class, as in the masks that are in circulation. */
export type CrowdTreatment = 'ignore' | 'class';

/**
 * Objects from the bottom to the top of a mask: ignored regions of crowds, then the larger before the smaller ones; of two with the
 * same area the one that comes first in the file is on top.
 */
export function inDrawingOrder<O extends Pick<CocoObject, 'crowd' | 'area'>>(
  objects: readonly O[],
  crowds: CrowdTreatment,
): O[] {
  const isIgnored = (object: O): boolean => crowds === 'ignore' && object.crowd;
  const visible = objects.filter((object) => !isIgnored(object));
  // The sort is stable: reversed, equal areas are drawn from the last to the first.
  return [...objects.filter(isIgnored), ...visible.sort((a, b) => a.area - b.area).reverse()];
}

/**
 * What a COCO file of any year, categories and tool says of its images. Classes are the categories in the order of their ids, but
 * for those that only group others (Roboflow writes one). Crowds are ignored where no object is.
 *
 * @throws One line that names the file, and the annotation where one is wrong.
 */
export async function readCocoAnnotations(path: string): Promise<Annotations> {
  const { images, categories, groups } = await readInstances(path, { ofAnyTool: true });
  const used = new Set(
    Array.from(images.values(), ({ objects }) => objects)
      .flat()
      .map(({ category }) => category),
  );
  const classes = [...categories]
    .filter(([number, name]) => used.has(number) || !groups.has(name))
    .sort(([a], [b]) => a - b)
    .map(([, name]) => name);
  return {
    classes,
    images: Array.from(images.values(), ({ fileName, height, width, objects }) => {
      const outlined = objects.every(({ counts }) => counts !== undefined);
      const regions = inDrawingOrder(objects, 'ignore').map(({ category, crowd, counts }) => ({
        ...(!crowd && { name: categories.get(category)! }),
        counts: counts ?? '',
      }));
      return {
        name: fileName,
        source: path,
        names: [...new Set(objects.map(({ category }) => categories.get(category)!))],
        size: { width, height },
        ...(outlined && { regions }),
      };
    }),
  };
}

/** How COCO's annotations write down where an object is. */
export type CocoForm = 'rle' | 'polygons';

/** A connected part of a class in an image, without the ids that a whole file gives it. */
export interface CocoPart {
  /** Class of its pixels, from 1. */
  readonly category_id: number;
  readonly segmentation:
    { readonly size: readonly [number, number]; readonly counts: string } | readonly number[][];
  /** Left, top, width, height in pixels. */
  readonly bbox: readonly [number, number, number, number];
  /** Pixels. */
  readonly area: number;
}

/** An image of a COCO file and what it shows. */
export interface CocoAnnotatedImage {
  /** Its id, where it is to keep it when images before it come and go. Default: its place in the order given, from 1. */
  readonly number?: number | undefined;
  /** Path of the photograph, as the file is to name it. */
  readonly fileName: string;
  readonly width: number;
  readonly height: number;
  readonly parts: readonly CocoPart[];
}

/**
 * The connected parts of all classes of a label map as COCO has objects: run lengths or a polygon that hold exactly the part's
 * pixels, its box, its area. Background and 255 make none.
 *
 * @example
 * const parts = cocoParts(decodeLabelPng(await readFile('2007_000033.png')), 'rle');
 */
export function cocoParts(map: LabelMap, form: CocoForm): CocoPart[] {
  return connectedParts(map, { skipped: [0, 255] }).map((part) => ({
    category_id: part.label,
    segmentation:
      form === 'polygons'
        ? [polygonOfPart(part)]
        : { size: [map.height, map.width], counts: encodeRleCounts(rleOfPart(part, map).counts) },
    bbox: [part.box.left, part.box.top, part.box.width, part.box.height],
    area: part.area,
  }));
}

/**
 * The text of a COCO file (`instances_*.json`), piece by piece: the ids of annotations, and of images without a `number`, count from
 * 1 in the order given, those of categories in the order of the classes.
 *
 * @example
 * await writeWhole('instances.json', cocoFile(images, vocClasses));
 */
export function* cocoFile(
  images: readonly CocoAnnotatedImage[],
  classes: readonly string[],
): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  const categories = classes.map((name, i) => ({ id: i + 1, name, supercategory: '' }));
  yield encoder.encode(
    `{"info": {}, "licenses": [], "categories": ${JSON.stringify(categories)},\n"images": [`,
  );
  for (const [i, { number = i + 1, fileName, width, height }] of images.entries()) {
    const image = { id: number, file_name: fileName, width, height };
    yield encoder.encode(`${i === 0 ? '\n' : ',\n'}${JSON.stringify(image)}`);
  }
  yield encoder.encode('],\n"annotations": [');
  let id = 0;
  for (const [i, { number = i + 1, parts }] of images.entries()) {
    for (const part of parts) {
      id++;
      const annotation = { id, image_id: number, ...part, iscrowd: 0 };
      yield encoder.encode(`${id === 1 ? '\n' : ',\n'}${JSON.stringify(annotation)}`);
    }
  }
  yield encoder.encode(']}\n');
}
