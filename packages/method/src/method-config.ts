import { resolveBehavior } from '@toco/core';
import * as z from 'zod';
import { string } from 'zod/mini';
import { behaviorSchema } from './behavior-schema.js';
import { describeIssue } from './describe-issue.js';
import type { LossTerm } from './phase.js';

const probability = z.number().min(0).max(1);

const positive = z.number().positive();

const count = z.number().int().positive();

/** A string without methods: that of `zod` would bring every format it knows into browsers, 20 kB of mail addresses and dates. */
const text = string();

/** Weights of the six terms, and of terms of one's own by their names; 0 skips a term's work. */
const weights = z
  .object({
    cls: z.number().min(0).describe('classification on the final patch tokens'),
    clsAux: z.number().min(0).describe('classification on the auxiliary tokens'),
    ptc: z.number().min(0).describe('patch-token contrast (paper eq. 3)'),
    ctc: z.number().min(0).describe('class-token contrast (paper eq. 4)'),
    seg: z.number().min(0).describe('segmentation cross entropy on refined pseudo labels'),
    reg: z.number().min(0).describe('dense energy regularization'),
  } satisfies Record<LossTerm, z.ZodType>)
  .catchall(z.number().min(0));

const threshold = z.union([probability, z.array(probability).min(1)]);

/** One phase of training and the iteration it begins at. */
export const phaseSchema = z.strictObject({
  from: z
    .number()
    .int()
    .min(0)
    .describe('first iteration of the phase, counted from 0, or a share of optimizer.iterations such as 10%'),
  weights,
  labelCam: z.enum(['main', 'aux']).default('main').describe('whose CAM the segmentation labels come from'),
  cam: z
    .strictObject({
      low: threshold.optional().describe('β_l of this phase, or one of each class; default: cam.low'),
      high: threshold.optional().describe('β_h of this phase, or one of each class; default: cam.high'),
      anneal: z
        .enum(['none', 'linear', 'cosine'])
        .default('none')
        .describe(
          'how they come from those of the phase before to these, which hold at the end of this phase',
        ),
    })
    .optional(),
  measure: z.array(text).optional().describe('terms of weight 0 that are reported all the same'),
});

const vocWeights = { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05 };

/** Everything the training step itself depends on. Defaults are those of the paper for PASCAL VOC. */
export const stepConfigSchema = z.strictObject({
  behavior: behaviorSchema,
  numClasses: count.default(20).describe('foreground classes C'),
  groupSize: count
    .optional()
    .describe('images that PTC and the segmentation loss are normalized over; default: the whole batch'),
  accumulate: count
    .default(1)
    .describe('equal parts of a batch that go through the network one after the other, for less memory'),
  localCrops: z
    .strictObject({
      size: count.default(96).describe('side of a local crop in pixels (section 5.1, 96 px)'),
      count: count.default(8).describe('local crops per image'),
      negativeThreshold: z
        .number()
        .min(0)
        .default(0.2)
        .describe('a crop whose mean region mask is at most this is negative'),
    })
    .prefault({}),
  cam: z
    .strictObject({
      scales: z
        .array(positive)
        .min(1)
        .default([1, 0.5, 1.5])
        .describe('scales of the multi-scale CAM; the pass at 1 is shared with the losses'),
      low: probability.default(0.25).describe('β_l: at most this is background'),
      high: probability.default(0.7).describe('β_h: at least this is foreground'),
      average: z
        .optional(text)
        .transform((average) => (average === 'none' ? undefined : average))
        .optional()
        .describe(
          "the one of averages whose parameters give the CAMs of the targets; 'none', or left out: those of the moment",
        ),
    })
    .prefault({}),
  par: z
    .strictObject({
      iterations: count.default(10),
      dilations: z.array(count).min(1).default([1, 2, 4, 8, 12, 24]),
      bandwidth: positive
        .default(0.3)
        .describe(
          "width of the kernels, in standard deviations of the neighbors (w1 of AFA's PAR, which ToCo uses)",
        ),
      positionWeight: z
        .number()
        .min(0)
        .default(0.01)
        .describe("weight of the position kernel beside the color kernel (w2 of AFA's PAR)"),
      downsample: count
        .default(2)
        .describe('the refinement runs at 1/downsample of the size (the reference: half of it)'),
    })
    .prefault({}),
  ptc: z
    .strictObject({
      cosine: z
        .enum(['absolute', 'signed'])
        .default('absolute')
        .describe("'absolute' is |cos| (paper eq. 3), 'signed' the cosine itself"),
    })
    .prefault({}),
  ctc: z
    .strictObject({
      temperature: positive.default(0.5).describe('τ; the COCO run used 1.0'),
      epsilon: positive.default(1e-4),
      negativesTerm: z
        .boolean()
        .default(true)
        .describe(
          'adds −log(1/(1 + N₋ + ε)) for each teacher view, as the reference does; false is paper eq. 4',
        ),
    })
    .prefault({}),
  reg: z
    .strictObject({
      sigmaRgb: positive.default(15),
      sigmaXy: positive.default(100).describe('at full size; it becomes smaller with the image'),
      downsample: count
        .default(2)
        .describe('the filter runs at 1/downsample of the size (the reference: half of it)'),
      scale: positive.default(1e-7),
    })
    .prefault({}),
  teacher: z.strictObject({ momentum: probability.default(0.9).describe('ρ of the EMA') }).prefault({}),
  averages: z
    .object({})
    .catchall(
      z.strictObject({
        momentum: probability.describe('ρ: average ← ρ·average + (1 − ρ)·parameter, once an iteration'),
        paths: z.array(text).min(1).optional().describe('what their paths begin with; default: all'),
      }),
    )
    .default({})
    .describe(
      'moving averages of parameters, by name: for cam.average, evaluation.average and terms of your own',
    ),
  optimizer: z
    .strictObject({
      lr: positive.default(6e-5),
      headLrScale: positive.default(10).describe('factor for classifiers, projection head and decoder'),
      layerDecay: z
        .number()
        .positive()
        .max(1)
        .default(1)
        .describe(
          'factor on the rate of a block of the encoder for each block above it (BEiT); 1: all alike',
        ),
      groups: z
        .array(
          z.strictObject({
            paths: z.array(text).min(1).describe('what their paths begin with, such as encoder.blocks.0'),
            lrScale: positive.optional().describe('factor on optimizer.lr; default: that of their part'),
            weightDecay: z.number().min(0).optional().describe('default: optimizer.weightDecay'),
          }),
        )
        .default([])
        .describe('parameters with a rate or decay of their own; the longest path counts'),
      betas: z.tuple([probability, probability]).default([0.9, 0.999]),
      epsilon: positive.default(1e-8),
      weightDecay: z.number().min(0).default(0.01),
      warmup: z
        .number()
        .int()
        .min(0)
        .default(1500)
        .describe('iterations of linear warm-up, or a share of optimizer.iterations such as 7.5%'),
      warmupRatio: probability.default(1e-6),
      iterations: count.default(20_000).describe('length of the schedule, in iterations'),
      power: positive.default(0.9).describe('exponent of the polynomial decay'),
    })
    .prefault({}),
  phases: z
    .array(phaseSchema)
    .min(1)
    .default([
      { from: 0, weights: { ...vocWeights, seg: 0, reg: 0 }, labelCam: 'main' },
      { from: 2001, weights: vocWeights, labelCam: 'main' },
    ]),
});

/** Configuration of the training step with every default filled in. */
export type StepConfig = z.output<typeof stepConfigSchema>;

/** Configuration of the training step as a user writes it: only what differs. */
export type StepConfigInput = z.input<typeof stepConfigSchema>;

/** Fills in the defaults. @throws one line: unknown key with the nearest known one, wrong type, value out of range */
export function stepConfig(input: StepConfigInput = {}): StepConfig {
  const result = stepConfigSchema.safeParse(resolveBehavior(input));
  if (result.success) return result.data;
  throw new Error(
    describeIssue(result.error.issues[0]!, { schema: stepConfigSchema, source: 'stepConfig', input }),
  );
}

/** Label of pixels and tokens that take no part, in ToCo and in the masks of VOC. */
export const ignoreIndex = 255;
