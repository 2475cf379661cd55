import { ignoredLabel, type RgbImage, encodeJpeg } from '@toco/datasets';
import {
  type Planes,
  labelsOfCam,
  withOutlines,
  heatOverlay,
  resizePlanes,
  labelOverlay,
  type Labels,
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
  /** Normalisation of the image. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
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
 * await evaluate(run, list, { ...options, onPanel: (panel) => drawn.push(reportPanel(panel, { mean, std, threshold: 0.5 })) });
 */
export async function reportPanel(panel: Panel, options: ReportPanelOptions): Promise<ReportPanel> {
  const { mean, std, threshold, baseline, side = 256 } = options;
  const { sample, classes, seg, iou } = panel;
  const { id } = sample;
  const { mask, original: native } = sample;
  const factor = Math.min(1, side / Math.max(native.width, native.height));
  const small = {
    width: Math.max(1, Math.round(native.width * factor)),
    height: Math.max(1, Math.round(native.height * factor)),
  };
  const photograph = photographOf(
    { height: sample.height, width: sample.width, channels: 3, data: sample.image },
    { size: native, mean, std },
  );
  const reduced = photographOf(
    { height: sample.height, width: sample.width, channels: 3, data: sample.image },
    { size: small, mean, std },
  );
  const heat = (cam: Planes, camClasses: readonly number[]): RgbImage => {
    const planeClasses = Array.from({ length: cam.channels }, (_, m) => camClasses[m] ?? -1);
    const labels = labelsOfCam(cam, { size: small, classes: planeClasses, threshold });
    return withOutlines(heatOverlay(reduced, resizePlanes(cam, small)), { ...small, data: labels }, colors);
  };
  const regions = (data: Uint8Array): RgbImage => labelOverlay(photograph, { ...native, data }, colors);
  const drawn: Partial<Record<PanelColumn, RgbImage>> = {
    image: photograph,
    ...(baseline && { baselineCam: heat(baseline.cam, baseline.classes) }),
    cam: heat(panel.cam, classes),
    camAux: heat(panel.camAux, classes),
    seg: regions(seg),
    ...(mask && { truth: regions(mask.data) }),
  };
  const labels = classes.map((c) => c + 1);
  const mistaken = mistakenLabels({ ...native, data: seg }, labels);
  const files = await Promise.all(
    Object.entries(drawn).map(async ([column, image]) => [column, await encodeJpeg(image, small)] as const),
  );
  const pictures = Object.fromEntries(files);
  return { id, ...small, pictures, labels, mistaken, iou };
}

/** The photograph that a normalised image was made of, at another size. */
function photographOf(
  image: Planes,
  {
    size,
    mean,
    std,
  }: { size: { width: number; height: number }; mean: readonly number[]; std: readonly number[] },
): RgbImage {
  const { data } = resizePlanes(image, size);
  const bytes = Uint8ClampedArray.from(data, (value, i) => 255 * (value * std[i % 3]! + mean[i % 3]!));
  return { ...size, data: new Uint8Array(bytes.buffer) };
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
