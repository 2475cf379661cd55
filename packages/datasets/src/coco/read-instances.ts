import { createReadStream } from 'node:fs';
import { encodeRleCounts, rleArea, rleFromSegmentation } from '@toco/formats';
import { JSONParser } from '@streamparser/json';
import { assertNotAborted, UserError } from '@toco/files';

/** An object of an image, as far as masks and labels need it. */
export interface CocoObject {
  /** The category's id, as the file numbers them. */
  readonly category: number;
  readonly crowd: boolean;
  /** Pixels, as the file says; it decides the order of drawing. */
  readonly area: number;
  /** Run lengths in COCO's text, the shortest form to keep many of them. */
  readonly counts: string;
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
}

/** Options of {@link readInstances}. */
export interface ReadInstancesOptions {
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
  const early: Json[] = [];

  const add = (collection: unknown, value: Json): void => {
    if (collection === 'images') images.set(id(value, 'image'), image(value));
    else if (collection === 'categories')
      categories.set(id(value, 'category'), text(value, 'name', 'category'));
    else if (images.has(value['image_id'] as number)) addObject(images, value);
    else early.push(value); // of a file that lists its images after their annotations
  };
  const parser = new JSONParser({
    paths: ['$.images.*', '$.categories.*', '$.annotations.*'],
    keepStack: false,
  });
  parser.onValue = ({ value, stack }) => {
    if (typeof value !== 'object' || value === null) throw new UserError('an entry is no object');
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
    for (const annotation of early) addObject(images, annotation);
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
  return { images, categories };
}

function image(value: Json): CocoImage {
  const fileName = text(value, 'file_name', 'image');
  if (!/^\w[\w.-]*\.jpg$/.test(fileName))
    throw new UserError(`image file name ${JSON.stringify(fileName)} is not NAME.jpg`);
  const [height, width] = [value['height'], value['width']];
  if (!isSize(height) || !isSize(width))
    throw new UserError(`image ${fileName} has no usable height and width`);
  return { fileName, height, width, objects: [] };
}

function addObject(images: ReadonlyMap<number, CocoImage>, annotation: Json): void {
  const where = `annotation ${String(annotation['id'])}`;
  const owner = images.get(annotation['image_id'] as number);
  if (owner === undefined)
    throw new UserError(`${where} belongs to image ${String(annotation['image_id'])}, which is not listed`);
  const category = annotation['category_id'];
  if (typeof category !== 'number') throw new UserError(`${where} has no category_id`);
  try {
    const rle = rleFromSegmentation(annotation['segmentation'], owner.height, owner.width);
    const area = annotation['area'];
    owner.objects.push({
      category,
      crowd: Boolean(annotation['iscrowd']),
      area: typeof area === 'number' ? area : rleArea(rle),
      counts: encodeRleCounts(rle.counts),
    });
  } catch (error) {
    throw new UserError(`${where}: ${(error as Error).message}`, { cause: error });
  }
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

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= 2 ** 14;
}
