/** Forms of annotation tools that masks are written in. */
export const annotationKinds = ['coco-rle', 'coco-polygons', 'cvat', 'labelme', 'yolo', 'labelmap'] as const;

/** One of {@link annotationKinds}. */
export type AnnotationKind = (typeof annotationKinds)[number];

/** Path of an image's mask within the folder of outputs. */
export function maskPath(id: string): string {
  return `masks/${id}.png`;
}

/** Path of an image's own file within the folder of outputs; undefined of a form that has none. */
export function annotationPath(kind: AnnotationKind, id: string): string | undefined {
  switch (kind) {
    case 'labelme':
      return `labelme/${id}.json`;
    case 'yolo':
      return `yolo/labels/${id}.txt`;
    case 'labelmap':
      return `labelmap/SegmentationClass/${id}.png`;
    default:
      return undefined;
  }
}

/**
 * Paths of the files about all images within the folder of outputs.
 *
 * @param suffix what the names of those that only a part of the images is in end in
 */
export function sharedPaths(kind: AnnotationKind, suffix: string): string[] {
  switch (kind) {
    case 'coco-rle':
      return [`instances-rle${suffix}.json`];
    case 'coco-polygons':
      return [`instances-polygons${suffix}.json`];
    case 'cvat':
      return [`cvat/annotations${suffix}.xml`];
    case 'yolo':
      return ['yolo/data.yaml'];
    case 'labelmap':
      return ['labelmap/labelmap.txt', `labelmap/ImageSets/Segmentation/default${suffix}.txt`];
    case 'labelme':
      return [];
  }
}
