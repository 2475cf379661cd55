import { ignoredLabel, randomPurpose, randomStream } from '@toco/datasets';
import type { FigureRow, Mark, PatchTokens, PictureFigure } from '@toco/report';
import {
  attentionMap,
  drawnCrops,
  type DrawnCrop,
  errorOverlay,
  type Protocol,
  protocolOf,
  type Segmented,
  segmenter,
  similarityMap,
} from '@toco/segmenter';
import type { ListedPhotograph } from '@toco/datasets';
import type { OpenModel } from '../segmenting/open-model.js';
import { camPicture, cutOut, drawn, heatPicture, labelPicture } from './draw-pictures.js';
import type { FigureKind } from './figure-kinds.js';
import { strongestPlace, unitTokens } from './patch-tokens.js';
import { type ChosenImages, segmentedImages } from './run-values.js';

/** What is drawn of the first run. */
export interface MainFiguresOptions {
  readonly model: OpenModel;
  readonly protocol: Protocol;
  readonly kinds: readonly FigureKind[];
  readonly memory: number;
}

/** What the first run's pictures are made of. */
export interface MainFigures {
  readonly patches: readonly PatchTokens[];
  readonly pictures: readonly PictureFigure[];
}

type Seen = Segmented<
  ListedPhotograph,
  'labels' | 'fusedLabels' | 'singleLabels' | 'cam' | 'camAux' | 'tokens' | 'attention'
>;

/** Colors of crops by their sign. */
const [positive, negative] = ['#1d5fd0', '#c83228'];

/** The figures of one run: patches, segmentations, attention, crops, errors. */
export async function mainFigures(chosen: ChosenImages, options: MainFiguresOptions): Promise<MainFigures> {
  const { model, protocol, kinds, memory } = options;
  const { config } = model;
  const wants = (...some: FigureKind[]): boolean => some.some((kind) => kinds.includes(kind));
  const outputs = [
    ...(wants('segmentations', 'errors') ? (['labels', 'fusedLabels', 'singleLabels'] as const) : []),
    ...(['cam', 'camAux'] as const),
    ...(wants('patches') ? (['tokens'] as const) : []),
    ...(wants('attention') ? (['attention'] as const) : []),
  ];
  // eslint-disable-next-line no-restricted-syntax -- which outputs there are depends on what is wanted
  const seen = (await segmentedImages(model, chosen, { protocol, outputs, memory })) as unknown as Seen[];
  const rows: Record<'patches' | 'segmentations' | 'attention' | 'crops' | 'errors', FigureRow[]> = {
    ...{ patches: [], segmentations: [], attention: [], crops: [] },
    errors: [],
  };
  const patches: PatchTokens[] = [];
  const { threshold } = config.evaluation;
  for (const result of seen) {
    const { image, classes } = result;
    const { id, mask } = image;
    const labels = classes.map((c) => c + 1);
    const row = { id, labels };
    const crops = wants('crops', 'attention') ? await cropsOf(result, model) : [];
    if (wants('patches')) {
      const at = strongestPlace(result.cam);
      const { height, width } = result.tokens;
      const start = {
        row: Math.floor((at.y * height) / image.height),
        column: Math.floor((at.x * width) / image.width),
      };
      const picture = await drawn('image', image);
      const map = similarityMap(result.tokens, { ...at, size: image });
      patches.push({
        ...{ ...row, picture, rows: height, columns: width, start },
        ...unitTokens(result.tokens),
      });
      rows.patches.push({
        ...row,
        pictures: [
          await drawn('image and patch', image, [{ kind: 'point', ...at }]),
          await drawn('CAM', camPicture(image, { ...result, threshold })),
          await drawn('similarity to the patch', heatPicture(image, map)),
        ],
      });
    }
    if (wants('segmentations')) {
      const { segmentation, crf } = protocol;
      const { scales, mirror } = segmentation;
      const isFused = scales.length > 1 || mirror !== 'none' || scales[0] !== 1;
      const steps: [string, Uint8Array][] = [
        ['one pass', result.singleLabels],
        ...(isFused
          ? [[mirror === 'none' ? 'scales' : 'scales and mirror', result.fusedLabels] as [string, Uint8Array]]
          : []),
        ...(crf ? [['after the CRF', result.labels] as [string, Uint8Array]] : []),
        ...(mask ? [['truth', mask] as [string, Uint8Array]] : []),
      ];
      rows.segmentations.push({
        ...row,
        pictures: [
          await drawn('image', image),
          ...(await Promise.all(steps.map(([title, map]) => drawn(title, labelPicture(image, map))))),
        ],
      });
    }
    if (wants('attention'))
      rows.attention.push({ ...row, pictures: await attentionPictures(result, crops, model) });
    if (wants('crops') && crops.length > 0) {
      const marks = crops.map((crop) => boxOf(crop));
      const pictures = [
        await drawn('local crops', image, marks),
        await drawn('auxiliary CAM', camPicture(image, { cam: result.camAux, classes, threshold })),
      ];
      rows.crops.push({ ...row, pictures });
    }
    if (wants('errors') && mask) {
      const prediction = result.labels;
      const errors = errorOverlay(image, { truth: mask, prediction }, { ignoreIndex: ignoredLabel });
      rows.errors.push({
        ...row,
        pictures: [
          await drawn('image', image),
          await drawn('segmentation', labelPicture(image, prediction)),
          await drawn('truth', labelPicture(image, mask)),
          await drawn('errors', errors),
        ],
      });
    }
  }
  const figures: PictureFigure[] = [
    { name: 'patches', ...texts.patches, rows: rows.patches },
    { name: 'segmentations', ...texts.segmentations, rows: rows.segmentations },
    { name: 'attention', ...texts.attention, rows: rows.attention },
    { name: 'crops', ...texts.crops, rows: rows.crops },
    { name: 'errors', ...texts.errors, rows: rows.errors },
  ];
  return { patches, pictures: figures.filter((figure) => figure.rows.length > 0) };
}

const texts = {
  patches: {
    title: 'CAMs and similar patches',
    text: 'A patch where the CAM is strongest, the CAM, outlined where it counts as its class, and the cosine between that patch token and all others (paper, figure 1).',
  },
  segmentations: {
    title: 'Segmentations',
    text: 'Images on their way through the protocol (paper, figure 6).',
  },
  attention: {
    title: 'What the class token looks at',
    text: 'Attention of the class token in the last block, mean of all heads, in the whole image and in one of its local crops (paper, figure 7).',
  },
  crops: {
    title: 'Local crops',
    text: 'Crops as a training step draws them: positive ones (+, blue) may hold an object, negative ones (−, red) hold background by the auxiliary CAM beside them.',
  },
  errors: {
    title: 'Errors',
    text: `Red: an object where there is none; blue: a missed one; violet: a wrong class. Dark gray has no true class.`,
  },
} as const;

/** What the class token looks at in the image and in one crop of it, a positive one where there is one. */
async function attentionPictures(
  { image, attention }: Seen,
  crops: readonly DrawnCrop[],
  model: OpenModel,
): Promise<FigureRow['pictures']> {
  const crop = crops.find((one) => one.positive) ?? crops[0];
  const marks = crop ? [boxOf(crop)] : [];
  const pictures = [
    await drawn('global view', image, marks),
    await drawn('its attention', heatPicture(image, attentionMap(attention))),
  ];
  if (crop === undefined) return pictures;
  const local = cutOut(image, crop);
  const through = segmenter(model.loaded.network, model.loaded.params, {
    ...model.computes,
    protocol: protocolOf('fast', { size: 'native' }),
    outputs: ['attention'],
  });
  try {
    for await (const { attention: ofCrop } of through.segment([local])) {
      pictures.push(
        await drawn('local view', local),
        await drawn('its attention', heatPicture(local, attentionMap(ofCrop))),
      );
    }
  } finally {
    through.dispose();
  }
  return pictures;
}

/** Crops as the run would draw them in an image; none in one that is no larger than a crop, or shows no class. */
async function cropsOf({ image, camAux }: Seen, { config }: OpenModel): Promise<DrawnCrop[]> {
  const { size: side, count, negativeThreshold: threshold } = config.localCrops;
  if (Math.min(image.height, image.width) <= side || camAux.channels === 0) return [];
  const { low, high } = config.cam;
  const behavior = config.behavior.cropPadding;
  const noise = randomStream(randomPurpose.crops, config.seed, 0, image.index).noise(
    image.height * image.width,
  );
  return drawnCrops(camAux, { low, high, side, count, threshold, behavior, noise });
}

function boxOf({ y, x, side, positive: isPositive }: DrawnCrop): Mark {
  const color = isPositive ? positive : negative;
  return { kind: 'box', y, x, width: side, height: side, color, label: isPositive ? '+' : '−' };
}
