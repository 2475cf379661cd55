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
import { assertNotAborted, createProgress, placeFile, writeWhole } from '@toco/files';
import { decodeLabelPng, type LabelMap } from '@toco/formats';
import { type AnnotationKind, annotationPath, maskPath, sharedPaths } from './annotation-files.js';

/** An image whose mask is there. */
export interface MaskedImage {
  /** Path of its mask and of other outputs, without ending. */
  readonly id: string;
  /** What it is called in files about all images, from 1; it keeps that when others come and go. */
  readonly number: number;
  /** The photograph, as files for other machines name it. */
  readonly fileName: string;
  /** Where the photograph is on this one. */
  readonly photograph: string;
  readonly width: number;
  readonly height: number;
  /** Forms whose file of this image is there and of this mask: it may have been corrected by hand since. */
  readonly has: readonly string[];
}

interface AnnotationOptions<I extends MaskedImage> {
  readonly out: string;
  readonly kinds: readonly AnnotationKind[];
  readonly classes: readonly string[];
  /** What the names of files about several images end in. */
  readonly suffix?: string | undefined;
  readonly signal: AbortSignal;
  /** Told of the files of an image when they are there. */
  readonly onImage?: ((image: I, files: readonly string[]) => Promise<void>) | undefined;
}

/** One form: the file of an image, and what its mask adds to the files about all of them. */
interface Writer {
  readonly kind: AnnotationKind;
  readonly fileOf?: (map: LabelMap, image: MaskedImage) => Promise<Uint8Array> | Uint8Array;
  readonly add?: (map: LabelMap, image: MaskedImage) => void;
  /** Contents of {@link sharedPaths}. */
  readonly shared: () => readonly Iterable<Uint8Array>[];
}

/**
 * Writes the masks of a folder as annotation tools have them: a file an image, where it has none yet, and files about all images in
 * the order given. An interruption leaves the files of images that are there.
 *
 * @returns paths of the files about all images, and of folders with a file an image
 * @throws one line where it is interrupted
 */
export async function writeAnnotations<I extends MaskedImage>(
  images: readonly I[],
  { out, kinds, classes, suffix = '', signal, onImage }: AnnotationOptions<I>,
): Promise<string[]> {
  if (kinds.length === 0) return [];
  const writers = kinds.map((kind) => writerOf(kind, { out, classes, images }));
  const reads = writers.some(({ add }) => add !== undefined);
  const progress = createProgress('annotations');
  try {
    for (const [i, image] of images.entries()) {
      assertNotAborted(signal);
      const missing = writers.filter(({ kind, fileOf }) => fileOf && !image.has.includes(kind));
      if (reads || missing.length > 0) {
        const map = decodeLabelPng(await readFile(join(out, maskPath(image.id))));
        for (const { add } of writers) add?.(map, image);
        const files: string[] = [];
        for (const { kind, fileOf } of missing) {
          const path = annotationPath(kind, image.id)!;
          await placeFile(join(out, path), await fileOf!(map, image));
          files.push(path);
        }
        if (files.length > 0) await onImage?.(image, files);
      }
      progress.update({ done: i + 1, total: images.length });
    }
  } finally {
    progress.stop();
  }
  const written: string[] = [];
  for (const { kind, shared } of writers) {
    const paths = sharedPaths(kind, suffix);
    for (const [i, parts] of shared().entries()) {
      const path = join(out, paths[i]!);
      await mkdir(dirname(path), { recursive: true });
      await writeWhole(path, parts);
      written.push(path);
    }
    if (kind === 'labelme') written.push(join(out, kind));
  }
  return written;
}

function writerOf(
  kind: AnnotationKind,
  {
    out,
    classes,
    images,
  }: { readonly out: string; readonly classes: readonly string[]; readonly images: readonly MaskedImage[] },
): Writer {
  switch (kind) {
    case 'coco-rle':
    case 'coco-polygons': {
      const form = kind === 'coco-rle' ? 'rle' : 'polygons';
      const all: CocoAnnotatedImage[] = [];
      return {
        kind,
        add: (map, image) => void all.push({ ...image, parts: cocoParts(map, form) }),
        shared: () => [cocoFile(all, classes)],
      };
    }
    case 'cvat': {
      const all: CvatImage[] = [];
      return {
        kind,
        add: (map, image) => void all.push({ ...image, masks: cvatMasks(map, classes) }),
        shared: () => [cvatFile(all, classes)],
      };
    }
    case 'labelme':
      return {
        kind,
        fileOf: (map, { id, photograph }) => {
          const folder = dirname(join(out, annotationPath(kind, id)!));
          const imagePath = relative(resolve(folder), resolve(photograph)).split(sep).join('/');
          return labelMeFile(map, { imagePath, classes });
        },
        shared: () => [],
      };
    case 'yolo':
      return {
        kind,
        fileOf: (map) => encode(yoloLabels(map)),
        shared: () => [[encode(yoloDataset(classes))]],
      };
    case 'labelmap':
      return {
        kind,
        fileOf: (map) => coloredMaskPng(map),
        shared: () => [
          [encode(labelColorsFile(labelColors(classes)))],
          [encode(images.map(({ id }) => `${id}\n`).join(''))],
        ],
      };
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
