import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import {
  type CocoAnnotatedImage,
  cocoFile,
  cocoParts,
  coloredMaskPng,
  cvatFile,
  type CvatImage,
  cvatMasks,
  labelColors,
  labelColorsFile,
  labelMeFile,
  yoloDataset,
  yoloLabels,
} from '@toco/datasets';
import { createProgress, placeFile, writeWhole } from '@toco/files';
import { decodeLabelPng, type LabelMap } from '@toco/formats';

/** Forms of annotation tools that masks are written in. */
export const annotationKinds = ['coco-rle', 'coco-polygons', 'cvat', 'labelme', 'yolo', 'labelmap'] as const;

/** One of {@link annotationKinds}. */
export type AnnotationKind = (typeof annotationKinds)[number];

/** An image whose mask is there. */
export interface MaskedImage {
  /** Path of its mask and of other outputs, without ending. */
  readonly id: string;
  /** The photograph, as files for other machines name it. */
  readonly fileName: string;
  /** Where the photograph is on this one. */
  readonly photograph: string;
  readonly width: number;
  readonly height: number;
}

/** Path of an image's mask within the folder of outputs. */
export function maskPath(id: string): string {
  return `masks/${id}.png`;
}

/**
 * Writes the masks of a folder as annotation tools have them: a file an image, or one for all in the order given.
 *
 * @returns paths of the files about all images, and of folders with a file an image
 */
export async function writeAnnotations(
  images: readonly MaskedImage[],
  {
    out,
    kinds,
    classes,
    suffix = '',
  }: {
    readonly out: string;
    readonly kinds: readonly AnnotationKind[];
    readonly classes: readonly string[];
    /** What the names of files about several images end in. */
    readonly suffix?: string | undefined;
  },
): Promise<string[]> {
  if (kinds.length === 0) return [];
  const written: string[] = [];
  const whole: { readonly path: string; readonly parts: () => Iterable<Uint8Array> }[] = [];
  const perImage = kinds.map((kind): ((map: LabelMap, image: MaskedImage) => Promise<void> | void) => {
    switch (kind) {
      case 'coco-rle':
      case 'coco-polygons': {
        const form = kind === 'coco-rle' ? 'rle' : 'polygons';
        const all: CocoAnnotatedImage[] = [];
        whole.push({ path: `instances-${form}${suffix}.json`, parts: () => cocoFile(all, classes) });
        return (map, image) => void all.push({ ...image, parts: cocoParts(map, form) });
      }
      case 'cvat': {
        const all: CvatImage[] = [];
        whole.push({ path: `cvat/annotations${suffix}.xml`, parts: () => cvatFile(all, classes) });
        return (map, image) => void all.push({ ...image, masks: cvatMasks(map, classes) });
      }
      case 'labelme':
        written.push(join(out, 'labelme'));
        return (map, { id, photograph }) => {
          const path = join(out, 'labelme', `${id}.json`);
          const imagePath = relative(resolve(dirname(path)), resolve(photograph))
            .split(sep)
            .join('/');
          return placeFile(path, labelMeFile(map, { imagePath, classes }));
        };
      case 'yolo':
        whole.push({ path: 'yolo/data.yaml', parts: () => [encode(yoloDataset(classes))] });
        return (map, { id }) => placeFile(join(out, 'yolo/labels', `${id}.txt`), encode(yoloLabels(map)));
      case 'labelmap': {
        const ids: string[] = [];
        whole.push(
          { path: 'labelmap/labelmap.txt', parts: () => [encode(labelColorsFile(labelColors(classes)))] },
          {
            path: `labelmap/ImageSets/Segmentation/default${suffix}.txt`,
            parts: () => [encode(ids.map((id) => `${id}\n`).join(''))],
          },
        );
        return async (map, { id }) => {
          ids.push(id);
          await placeFile(join(out, 'labelmap/SegmentationClass', `${id}.png`), await coloredMaskPng(map));
        };
      }
    }
  });
  const progress = createProgress('annotations');
  try {
    for (const [i, image] of images.entries()) {
      const map = decodeLabelPng(await readFile(join(out, maskPath(image.id))));
      for (const write of perImage) await write(map, image);
      progress.update({ done: i + 1, total: images.length });
    }
  } finally {
    progress.stop();
  }
  for (const { path, parts } of whole) {
    await mkdir(dirname(join(out, path)), { recursive: true });
    await writeWhole(join(out, path), parts());
    written.push(join(out, path));
  }
  return written;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
