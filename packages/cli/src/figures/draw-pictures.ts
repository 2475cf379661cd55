import { encodeJpeg, ignoredLabel, type Photograph } from '@toco/datasets';
import { classColor, type FigurePicture, type Mark } from '@toco/report';
import {
  heatOverlay,
  labelOverlay,
  labelsOfCam,
  type Planes,
  resizePlanes,
  withOutlines,
} from '@toco/segmenter';

/** Longest side of the pictures, pixels; smaller photographs are enlarged up to it, so that lines and letters show. */
const side = 480;

const colors = { colorOf: classColor, ignoreIndex: ignoredLabel };

/** Red, green and blue, row by row. */
type Rgb = Pick<Photograph, 'width' | 'height' | 'data'>;

/** A picture of a figure; marks are given in the photograph's own pixels. */
export async function drawn(title: string, image: Rgb, marks: readonly Mark[] = []): Promise<FigurePicture> {
  const factor = side / Math.max(image.width, image.height);
  const size = {
    width: Math.max(1, Math.round(image.width * factor)),
    height: Math.max(1, Math.round(image.height * factor)),
  };
  return {
    ...{ title, ...size, jpeg: await encodeJpeg(image, size) },
    marks: marks.map((mark) => ({
      ...mark,
      ...{ x: mark.x * factor, y: mark.y * factor },
      ...(mark.kind === 'box' && { width: mark.width * factor, height: mark.height * factor }),
    })),
  };
}

/** A CAM as heat, outlined where it counts as its class. */
export function camPicture(
  image: Rgb,
  { cam, classes, threshold }: { cam: Planes; classes: readonly number[]; threshold: number },
): Rgb {
  const labels = labelsOfCam(cam, { size: image, classes, threshold });
  return withOutlines(heatOverlay(image, cam), { ...sizeOf(image), data: labels }, colors);
}

/** A map on the token grid as heat. */
export function heatPicture(image: Rgb, map: Planes): Rgb {
  return heatOverlay(image, resizePlanes(map, image));
}

/** Labels in the colors of their classes. */
export function labelPicture(image: Rgb, labels: Uint8Array): Rgb {
  return labelOverlay(image, { ...sizeOf(image), data: labels }, colors);
}

/** A part of a picture. */
export function cutOut(
  { width, data }: Rgb,
  { y, x, side: length }: { readonly y: number; readonly x: number; readonly side: number },
): Rgb {
  const out = new Uint8Array(length * length * 3);
  for (let row = 0; row < length; row++) {
    const from = ((y + row) * width + x) * 3;
    out.set(data.subarray(from, from + length * 3), row * length * 3);
  }
  return { width: length, height: length, data: out };
}

const sizeOf = ({ width, height }: Rgb): { width: number; height: number } => ({ width, height });
