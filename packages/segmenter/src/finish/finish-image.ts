import { fuseCamPlanes, selectPlanes } from '../masks/fuse-cam-planes.js';
import { fusedStrips, type ScaleMaps } from '../masks/fuse-maps.js';
import { labelsOfLogits, largestChannels } from '../masks/predict-labels.js';
import { type Planes, resizePlanes, type Size } from '../masks/resize-planes.js';
import type { PassOutput } from '../passes/pass-engine.js';
import type { Passes, Protocol } from '../protocol/protocol.js';
import { baseSize } from '../masks/base-size.js';
import type { ImageMaps } from '../passes/image-maps.js';
import { type Crf, type ProbabilityRows, refineSegmentation, spreadClasses } from './refine-segmentation.js';
import type { SegmenterOutput, SegmenterOutputs, SizeAndLabels } from './segmenter-image.js';

/** What is left to do for an image when it has been through the network: plain data, so that a worker can be sent it. */
export interface FinishTask {
  readonly image: SizeAndLabels & {
    readonly id?: string | undefined;
    /** `[height, width, 3]`, where there is a CRF to be computed. */
    readonly data?: Uint8Array | Uint8ClampedArray | undefined;
  };
  /** What its passes gave, on their token grids; each array has a buffer of its own, which may be handed over. */
  readonly passed: readonly ImageMaps[];
  readonly protocol: Protocol;
  readonly outputs: readonly SegmenterOutput[];
  /** Number of classes that memory suffices for in a CRF of this image. */
  readonly mostClasses: number;
  readonly scoreThreshold: number;
}

/** What {@link finishImage} is given besides. */
export interface FinishMeans {
  /** Needed where the protocol has a CRF that what is asked for goes through. */
  readonly crf?: Crf | undefined;
  /** Called with rows of the segmentation's probabilities, before a CRF. */
  readonly onStrip?: ((rows: ProbabilityRows) => void) | undefined;
}

/** What was asked about an image, or the line that says why memory does not suffice for it. */
export type Finished =
  | (Partial<SegmenterOutputs> & { readonly classes: readonly number[]; readonly leftOut: readonly number[] })
  | { readonly refused: string };

/**
 * What was asked for, from the maps of an image's passes: resized, fused and refined by the protocol. Needs no backend and no
 * TensorFlow.js.
 *
 * @throws one line where the protocol's CRF is missing
 * @example
 * // worker.js, which the function `finish` of a segmenter asks
 * import { denseCrf } from '@toco/crf';
 * import { finishImage } from '@toco/segmenter/finish';
 *
 * self.onmessage = async ({ data }) => self.postMessage(await finishImage(data, { crf: denseCrf }));
 */
export async function finishImage(task: FinishTask, means: FinishMeans = {}): Promise<Finished> {
  const { image, passed, protocol, outputs, scoreThreshold } = task;
  const main = mainMaps(passed);
  const asked = (output: SegmenterOutput): boolean => outputs.includes(output);
  const out: { -readonly [K in SegmenterOutput]?: SegmenterOutputs[K] } = {};
  if (asked('singleLabels')) out.singleLabels = labelsOfLogits(main.segLogits!, image);
  if (asked('scores')) out.scores = sigmoid(main.clsLogits!.data);
  if (asked('scoresAux')) out.scoresAux = sigmoid(main.auxLogits!.data);
  if (asked('attention')) out.attention = main.attention!;
  if (asked('tokens')) out.tokens = main.tokens!;
  if (asked('similarity')) out.similarity = main.similarity!.data;

  const cams = (['cam', 'camAux'] as const).filter(asked);
  const classes = cams.length === 0 ? [] : shownClasses(image, main.clsLogits!.data, scoreThreshold);
  const base = baseSize(image, protocol.size);
  for (const name of cams) {
    const raw = scaleMaps(passed, name, protocol.cam).map(({ plain, mirrored }) => ({
      plain: selectPlanes(plain, classes),
      mirrored: mirrored && selectPlanes(mirrored, classes),
    }));
    out[name] = resizePlanes(fuseCamPlanes(raw, base, protocol.cam), image);
  }
  const segmentation = await segmentImage(task, means);
  return 'refused' in segmentation ? segmentation : { leftOut: [], ...out, ...segmentation, classes };
}

/** The segmentation as far as it is asked for, and the classes that its CRF left out. */
async function segmentImage(
  { image, passed, protocol, outputs, mostClasses }: FinishTask,
  { crf, onStrip }: FinishMeans,
): Promise<
  (Partial<SegmenterOutputs> & { readonly leftOut?: readonly number[] }) | { readonly refused: string }
> {
  const { segmentation: passes, crf: preset } = protocol;
  const refined = (['labels', 'probabilities'] as const).filter((output) => outputs.includes(output));
  const refines = preset !== undefined && refined.length > 0;
  if (refines && crf === undefined)
    throw new Error(
      `finishImage: protocol ${protocol.name} has a CRF; give one, such as denseCrf of @toco/crf.`,
    );
  const fused = fusedOutputs.filter(
    (output) => outputs.includes(output) && !(refines && refined.some((one) => one === output)),
  );
  if (!refines && fused.length === 0 && !onStrip) return {};
  const maps = scaleMaps(passed, 'segLogits', passes);
  const before = fusedSegmentation(maps, image, { passes, fused, onStrip: refines ? undefined : onStrip });
  if (!refines) return before;
  const { id = 'image', height, width, data } = image;
  const result = await refineSegmentation(
    { height, width, data: data! },
    { ...{ maps, passes, crf: crf!, preset, mostClasses }, onStrip },
  );
  if (!result) {
    return {
      refused: `${id}: memory (--memory) does not suffice for the CRF of ${width}×${height} pixels, even without the classes that are improbable everywhere; choose a smaller image, or --crf none.`,
    };
  }
  const { classes } = result;
  const count = maps[0]!.plain.channels;
  return {
    ...before,
    ...(refined.includes('labels') && { labels: result.labels }),
    ...(refined.includes('probabilities') && {
      probabilities: spreadClasses(result.probabilities, { classes, count }),
    }),
    leftOut: Array.from({ length: count }, (_, k) => k).filter((k) => !classes.includes(k)),
  };
}

/** What comes of the fused logits. */
const fusedOutputs = ['labels', 'fusedLabels', 'logits', 'probabilities'] as const;

/** Labels, logits and probabilities of the fused segmentation, as far as they are asked for. */
function fusedSegmentation(
  maps: readonly ScaleMaps[],
  size: Size,
  { passes, fused, onStrip }: FusedOptions,
): Partial<Pick<SegmenterOutputs, (typeof fusedOutputs)[number]>> {
  const asked = (output: (typeof fusedOutputs)[number]): boolean => fused.includes(output);
  const { height, width } = size;
  const { channels } = maps[0]!.plain;
  const planes = (): Planes => ({
    height,
    width,
    channels,
    data: new Float32Array(height * width * channels),
  });
  const labels = asked('labels') || asked('fusedLabels') ? new Uint8Array(height * width) : undefined;
  const logits = asked('logits') ? planes() : undefined;
  const probabilities = asked('probabilities') ? planes() : undefined;
  if (fused.length === 0 && !onStrip) return {};
  for (const { top, planes: rows, softmax } of fusedStrips(maps, size, passes)) {
    const [first, last] = [top * width, (top + rows.height) * width];
    if (labels) largestChannels(rows.data, channels, labels.subarray(first, last));
    logits?.data.set(rows.data, first * channels);
    if (!probabilities && !onStrip) continue;
    softmax();
    probabilities?.data.set(rows.data, first * channels);
    onStrip?.({ top, probabilities: rows });
  }
  return {
    ...(labels && asked('labels') && { labels }),
    ...(labels && asked('fusedLabels') && { fusedLabels: asked('labels') ? labels.slice() : labels }),
    ...(logits && { logits }),
    ...(probabilities && { probabilities }),
  };
}

interface FusedOptions {
  readonly passes: Passes;
  readonly fused: readonly (typeof fusedOutputs)[number][];
  readonly onStrip: FinishMeans['onStrip'];
}

/** What scale 1 gave of the image as it is. */
function mainMaps(passed: readonly ImageMaps[]): ImageMaps['maps'] {
  return Object.assign(
    {},
    ...passed.filter(({ scale, twin }) => scale === 1 && twin === 'plain').map(({ maps }) => maps),
  ) as ImageMaps['maps'];
}

/** An output at every scale of its passes, in their order. */
function scaleMaps(
  passed: readonly ImageMaps[],
  output: PassOutput,
  { scales, mirror }: Pick<Passes, 'scales' | 'mirror'>,
): ScaleMaps[] {
  const find = (scale: number, twin: ImageMaps['twin']): Planes | undefined =>
    passed.find((one) => one.scale === scale && one.twin === twin && one.maps[output])?.maps[output];
  return scales.map((scale) => ({
    plain: find(scale, 'plain')!,
    mirrored: mirror === 'none' ? undefined : find(scale, 'mirrored'),
  }));
}

/** The classes of an image: those of its labels, else those with a score above a threshold, at least the best one. */
function shownClasses({ labels }: SizeAndLabels, logits: Float32Array, threshold: number): number[] {
  const all = [...logits.keys()];
  if (labels) return all.filter((c) => labels[c]! > 0);
  const scores = sigmoid(logits);
  const above = all.filter((c) => scores[c]! > threshold);
  return above.length > 0 ? above : [logits.indexOf(Math.max(...logits))];
}

function sigmoid(logits: Float32Array): Float32Array {
  return logits.map((logit) => 1 / (1 + Math.exp(-logit)));
}
