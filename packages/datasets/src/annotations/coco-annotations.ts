import { connectedParts, encodeRleCounts, type LabelMap, polygonOfPart, rleOfPart } from '@toco/formats';

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
 * The text of a COCO file (`instances_*.json`), piece by piece: the ids of images and annotations count from 1 in the order given,
 * those of categories in the order of the classes.
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
  for (const [i, { fileName, width, height }] of images.entries()) {
    const image = { id: i + 1, file_name: fileName, width, height };
    yield encoder.encode(`${i === 0 ? '\n' : ',\n'}${JSON.stringify(image)}`);
  }
  yield encoder.encode('],\n"annotations": [');
  let id = 0;
  for (const [i, { parts }] of images.entries()) {
    for (const part of parts) {
      id++;
      const annotation = { id, image_id: i + 1, ...part, iscrowd: 0 };
      yield encoder.encode(`${id === 1 ? '\n' : ',\n'}${JSON.stringify(annotation)}`);
    }
  }
  yield encoder.encode(']}\n');
}
