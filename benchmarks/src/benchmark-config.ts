import type { Vit } from '@toco/backbone';
import type { Behavior } from '@toco/core';
import { stepConfig, type StepConfig, type StepConfigInput } from '@toco/method';
import { backboneByName } from './backbones.js';
import type { IterationSizes } from './flop-count.js';

/** What is timed. */
export interface StepOptions {
  /** A timm name. */
  readonly backbone: string;
  /** Side of the views in pixels. */
  readonly crop: number;
  readonly batch: number;
  /** Side of the local crops in pixels; default: 96 from 448 on, else 64, or a third of the view where that is smaller. */
  readonly local?: number | undefined;
  /** Whose settings and number of classes; default: `voc`. */
  readonly recipe?: keyof typeof recipes | undefined;
  /** Images that terms look at together; default: the whole batch. */
  readonly groupSize?: number | undefined;
}

/** What the original's two recipes differ in: foreground classes, and settings of the step. */
const recipes = {
  voc: { numClasses: 20 },
  coco: { numClasses: 80, cam: { high: 0.65 }, ctc: { temperature: 1 } },
} satisfies Record<string, StepConfigInput>;

const decoderDim = 512;
const projection = { hidden: 2048, bottleneck: 256, out: 1024 };

/** All that the processes need to know, plain data: it travels in the metadata of the file with the inputs. */
export interface BenchmarkConfig {
  /** For our side. */
  readonly step: StepConfigInput;
  readonly cropSize: number;
  readonly batchSize: number;
  /** For both. */
  readonly network: {
    readonly name: string;
    readonly image: number;
    readonly patch: number;
    readonly dim: number;
    readonly depth: number;
    readonly heads: number;
    readonly auxBlock: number;
    readonly classes: number;
    readonly decoderDim: number;
    readonly projection: typeof projection;
  };
  /** The same settings by the names that the PyTorch side reads. */
  readonly behavior: Behavior;
  readonly scales: readonly number[];
  readonly low: number;
  readonly high: number;
  readonly localCrops: { readonly size: number; readonly count: number; readonly threshold: number };
  readonly temperature: number;
  readonly momentum: number;
  readonly sigmaXy: number;
  readonly sigmaRgb: number;
  readonly regScale: number;
  readonly weights: StepConfig['phases'][number]['weights'];
  readonly optimizer: StepConfig['optimizer'];
}

/** The paper's settings at the chosen size, all six terms on. */
export function benchmarkConfig(options: StepOptions): BenchmarkConfig {
  const { crop, batch } = options;
  const backbone = backboneByName(options.backbone);
  const third = Math.floor(crop / 3 / backbone.stride) * backbone.stride;
  const local = options.local ?? Math.min(crop >= 448 ? 96 : 64, third);
  for (const [key, size] of [
    ['--crop', crop],
    ['--local', local],
  ] as const) {
    if (!(size > 0) || size % (2 * backbone.stride) !== 0) {
      throw new Error(
        `${key} ${size}: choose a multiple of ${2 * backbone.stride}, such as ${14 * backbone.stride}.`,
      );
    }
  }
  const step: StepConfigInput = {
    ...recipes[options.recipe ?? 'voc'],
    localCrops: { size: local },
    ...(options.groupSize !== undefined && { groupSize: options.groupSize }),
    phases: [{ from: 0, weights: { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05 } }],
  };
  const full = stepConfig(step);
  return {
    step,
    cropSize: crop,
    batchSize: batch,
    network: { ...networkSizes(backbone), classes: full.numClasses, decoderDim, projection },
    behavior: 'corrected',
    scales: full.cam.scales,
    low: full.cam.low,
    high: full.cam.high,
    localCrops: { size: local, count: full.localCrops.count, threshold: full.localCrops.negativeThreshold },
    temperature: full.ctc.temperature,
    momentum: full.teacher.momentum,
    sigmaXy: full.reg.sigmaXy,
    sigmaRgb: full.reg.sigmaRgb,
    regScale: full.reg.scale,
    weights: full.phases[0]!.weights,
    optimizer: full.optimizer,
  };
}

function networkSizes(
  backbone: Vit,
): Omit<BenchmarkConfig['network'], 'classes' | 'decoderDim' | 'projection'> {
  const { name, imageSize, stride, tokenDim, depth, heads, auxBlock } = backbone;
  return { name, image: imageSize[0], patch: stride, dim: tokenDim, depth, heads, auxBlock };
}

/** What the work of such an iteration depends on. */
export function sizesOf({
  network,
  cropSize,
  batchSize,
  localCrops,
  scales,
}: BenchmarkConfig): IterationSizes {
  return { ...network, crop: cropSize, batch: batchSize, localCrops, scales };
}
