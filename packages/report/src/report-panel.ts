import { ignoredLabel, type RgbImage, encodeJpeg } from '@toco/datasets';
import {
  type Planes,
  labelsOfCam,
  withOutlines,
  heatOverlay,
  resizePlanes,
  labelOverlay,
  type Labels,
  type Size,
} from '@toco/segmenter';
import { classColor } from './class-color.js';
import type { Panel } from './panel.js';

/** Columns of the report's panels, from left to right. */
export const panelColumns = ['image', 'baselineCam', 'cam', 'camAux', 'seg', 'truth'] as const;

/** One of the columns. */
export type PanelColumn = (typeof panelColumns)[number];

const colors = { colorOf: classColor, ignoreIndex: ignoredLabel };

/** A {@link Panel} drawn: some kilobytes of JPEG instead of megabytes of numbers. */
export interface ReportPanel {
  readonly id: string;
  /** Size of the pictures, with the photograph's own proportions. */
  readonly width: number;
  readonly height: number;
  /** JPEG files. */
  readonly pictures: Readonly<Partial<Record<PanelColumn, Uint8Array>>>;
  /** Labels (1 … C) that the image was given. */
  readonly labels: readonly number[];
  /** Labels that the segmentation gave to at least a hundredth of the image though it does not show them. */
  readonly mistaken: readonly number[];
  /** IoU of the segmentation on this image alone; NaN without a mask. */
  readonly iou: number;
}

/** How a panel is drawn. */
export interface ReportPanelOptions {
  /** A CAM above this is its class: its outline is drawn in the class's color. */
  readonly threshold: number;
  /** The same image as a classification-only network saw it. */
  readonly baseline?: Panel | undefined;
  /** Longest side of a picture, pixels; smaller photographs are not enlarged. */
  readonly side?: number | undefined;
}

/**
 * Draws a panel as soon as it is there, so that memory does not grow with the number of panels.
 *
 * Everything is reduced to small pictures before the first wait: the panel's arrays may be reused after the call.
 *
 * @example
 * const drawn: Promise<ReportPanel>[] = [];
 * const onPanel = (panel: Panel) => drawn.push(reportPanel(panel, { threshold: 0.5 }));
 * await train(config, { folder, onPanel });
 */
export async function reportPanel(panel: Panel, options: ReportPanelOptions): Promise<ReportPanel> {
  const { threshold, baseline, side = 256 } = options;
  const { photograph, classes, seg, iou } = panel;
  const { id, width, height, mask } = photograph;
  const native = { width, height };
  const factor = Math.min(1, side / Math.max(width, height));
  const small = {
    width: Math.max(1, Math.round(width * factor)),
    height: Math.max(1, Math.round(height * factor)),
  };
  const reduced = reducedTo(small, photograph);
  const heat = (cam: Planes, camClasses: readonly number[]): RgbImage => {
    const planeClasses = Array.from({ length: cam.channels }, (_, m) => camClasses[m] ?? -1);
    const labels = labelsOfCam(cam, { size: small, classes: planeClasses, threshold });
    return withOutlines(heatOverlay(reduced, resizePlanes(cam, small)), { ...small, data: labels }, colors);
  };
  const regions = (data: Uint8Array): RgbImage => labelOverlay(photograph, { ...native, data }, colors);
  const drawn: Partial<Record<PanelColumn, RgbImage>> = {
    image: { ...native, data: photograph.data.slice() },
    ...(baseline && { baselineCam: heat(baseline.cam, baseline.classes) }),
    cam: heat(panel.cam, classes),
    camAux: heat(panel.camAux, classes),
    seg: regions(seg),
    ...(mask && { truth: regions(mask) }),
  };
  const labels = classes.map((c) => c + 1);
  const mistaken = mistakenLabels({ ...native, data: seg }, labels);
  const files = await Promise.all(
    Object.entries(drawn).map(async ([column, image]) => [column, await encodeJpeg(image, small)] as const),
  );
  const pictures = Object.fromEntries(files);
  return { id, ...small, pictures, labels, mistaken, iou };
}

/** A photograph at another size. */
function reducedTo(size: Size, { width, height, data }: RgbImage): RgbImage {
  const planes = resizePlanes({ width, height, channels: 3, data: Float32Array.from(data) }, size);
  return { ...size, data: Uint8Array.from(planes.data, Math.round) };
}

function mistakenLabels({ width, height, data }: Labels, shown: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const label of data) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts]
    .filter(
      ([label, count]) => count >= 0.01 * width * height && ![0, ignoredLabel, ...shown].includes(label),
    )
    .map(([label]) => label)
    .sort((a, b) => a - b);
}
