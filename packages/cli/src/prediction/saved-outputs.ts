import { encodeJpeg, encodeProbabilities, ignoredLabel } from '@toco/datasets';
import { annotationKinds, maskPath } from '../annotations/annotation-files.js';
import { encodeLabelPng, vocPalette } from '@toco/formats';
import {
  type FurtherMemory,
  heatOverlay,
  labelOverlay,
  type Planes,
  type SegmenterOutput,
  type Size,
} from '@toco/segmenter';

/** What can be written of a photograph. */
export const savedKinds = [
  ...(['masks', 'overlays', 'cams', 'npy', 'npy8', 'scores'] as const),
  ...annotationKinds,
] as const;

/** Those that the network is needed for; the rest is made of the masks, or is in the journal. */
export const networkKinds = [
  'masks',
  'overlays',
  'cams',
  'npy',
  'npy8',
] as const satisfies readonly SavedKind[];

/** One of {@link savedKinds}. */
export type SavedKind = (typeof savedKinds)[number];

/** What the network says of one photograph. */
export interface Prediction {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue of every pixel. */
  readonly data: Uint8Array;
  readonly labels: Uint8Array;
  readonly probabilities?: Planes | undefined;
  readonly cam?: Planes | undefined;
  /** Classes of the CAM's planes, from 0. */
  readonly classes: readonly number[];
}

/** What a segmenter is asked for. */
export function outputsFor(kinds: readonly SavedKind[]): SegmenterOutput[] {
  const probabilities = kinds.includes('npy') || kinds.includes('npy8');
  return [
    ...(['labels', 'scores'] as const),
    ...(probabilities ? ['probabilities' as const] : []),
    ...(kinds.includes('cams') ? ['cam' as const] : []),
  ];
}

/** What the files of a photograph take while they are made: the probabilities in a file's order, and the file. */
export function encodingMemory(
  { width, height }: Size,
  { kinds, numClasses }: { readonly kinds: readonly SavedKind[]; readonly numClasses: number },
): FurtherMemory {
  const bytes = kinds.includes('npy') ? 8 : kinds.includes('npy8') ? 2 : 0;
  return {
    bytes: bytes * width * height * (numClasses + 1),
    remedy: 'choose a smaller image, or leave npy out of --save',
  };
}

const palette = vocPalette();
const colors = {
  colorOf: (label: number): readonly [number, number, number] =>
    [0, 1, 2].map((c) => palette[3 * label + c]!) as [number, number, number],
  ignoreIndex: ignoredLabel,
};

/** The files of a photograph by their paths, each made when its turn comes. */
export async function* filesOf(
  prediction: Prediction,
  { name, kinds, classNames }: { name: string; kinds: readonly SavedKind[]; classNames: readonly string[] },
): AsyncGenerator<{ readonly path: string; readonly bytes: Uint8Array }> {
  const { width, height, labels, probabilities, cam, classes } = prediction;
  const size = { width, height };
  if (kinds.includes('masks'))
    yield { path: maskPath(name), bytes: encodeLabelPng({ ...size, data: labels }) };
  if (kinds.includes('overlays')) {
    const overlay = labelOverlay(prediction, { ...size, data: labels }, colors);
    yield { path: `overlays/${name}.jpg`, bytes: await encodeJpeg(overlay, size) };
  }
  if (kinds.includes('npy'))
    yield { path: `npy/${name}.npy`, bytes: encodeProbabilities(probabilities!, { bits: 32 }) };
  if (kinds.includes('npy8'))
    yield { path: `npy8/${name}.npy`, bytes: encodeProbabilities(probabilities!, { bits: 8 }) };
  if (!kinds.includes('cams')) return;
  for (const [plane, label] of classes.entries()) {
    const heat = heatOverlay(prediction, planeOf(cam!, plane));
    yield { path: `cams/${name}-${fileWord(classNames[label]!)}.jpg`, bytes: await encodeJpeg(heat, size) };
  }
}

function planeOf({ width, height, channels, data }: Planes, plane: number): Planes {
  const one = Float32Array.from({ length: width * height }, (_, i) => data[i * channels + plane]!);
  return { width, height, channels: 1, data: one };
}

/** A name of a class as part of a file's name. */
function fileWord(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}_-]+/gu, '-');
}
