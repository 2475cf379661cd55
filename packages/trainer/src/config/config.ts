import { stepConfigSchema, type StepConfig } from '@toco/method';
import { viewsSchema } from '@toco/datasets';
import * as z from 'zod';

const positive = z.number().positive();

const count = z.number().int().positive();

const probability = z.number().min(0).max(1);

/** Which photographs, labels and masks. */
const data = z.strictObject({
  dataset: z
    .enum(['voc', 'coco', 'folder', 'synthetic'])
    .optional()
    .describe('layout of the data set; default: detected from data.root'),
  root: z.string().optional().describe('folder of the data set, e.g. VOCdevkit/VOC2012'),
  train: z.string().optional().describe("list of training images; default: train, of VOC's layout train_aug"),
  val: z.string().optional().describe('list of validation images; default: val'),
  labels: z
    .string()
    .optional()
    .describe(
      "image-level labels: a .npy, .json or .csv file, 'xml', 'masks' (voc), or (folder) 'folders', or an annotation tool or a file of it: 'coco', 'cvat', 'labelme', 'yolo', 'labelmap'; default: auto-detected",
    ),
  classes: z.array(z.string()).optional().describe('foreground classes in the order of their labels'),
  images: z
    .string()
    .optional()
    .describe('folder of the folder of the photographs, if elsewhere (coco, folder)'),
  masks: z.string().optional().describe('folder of the folder of the masks, if elsewhere (voc, folder)'),
  trainMasks: z
    .string()
    .default('none')
    .describe(
      "images whose masks take the place of pseudo labels in the term seg: 'none', 'all', a list of the data set (train), or a text file of ids",
    ),
  trainMaskFolder: z
    .string()
    .optional()
    .describe("folder of these masks, ID.png, such as what toco label writes; default: the data set's own"),
  valFraction: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe('share of the images for validation where no lists are (folder); default: 0.1'),
  workers: z
    .union([z.literal('auto'), z.number().int().min(0).max(256)], {
      error: 'give a whole number of threads, 0 to 256, or auto',
    })
    .default('auto')
    .describe(
      'threads that decode and augment ahead of the step; auto: one less than there are cores, 1 to 16',
    ),
  prefetch: z
    .union([z.literal('auto'), count], { error: 'give a whole number of batches, 1 or more, or auto' })
    .default('auto')
    .describe('batches made ahead; auto: two more than workers, each of which makes a whole one'),
  maxUnreadable: z
    .number()
    .int()
    .min(0)
    .default(10)
    .describe("images that can't be read end the run when they are more than this and more than the share"),
  maxUnreadableShare: probability
    .default(0.01)
    .describe('share of the training images; others take the place of unreadable ones'),
  synthetic: z
    .strictObject({
      train: count.default(600).describe('training scenes'),
      val: count.default(60).describe('validation scenes'),
      size: count.default(128).describe('side of a scene in pixels'),
      seed: z.number().int().default(0),
    })
    .prefault({}),
});

const backbone = z.strictObject({
  name: z.string().default('deit_base_patch16_224').describe('a timm name'),
  module: z
    .string()
    .optional()
    .describe('JavaScript module that exports a "backbone" of your own, instead of a name'),
  weights: z
    .string()
    .transform((weights) => (weights === 'none' ? undefined : weights))
    .optional()
    .describe(
      "pretrained weights: a file (safetensors, .pth, .npz) or hf:owner/name; 'none', or left out: start from random numbers",
    ),
  auxBlock: z
    .number()
    .int()
    .default(-3)
    .describe('block whose output gives the auxiliary tokens; negative counts from the end'),
  depth: count
    .optional()
    .describe('blocks of a named vision transformer, the first ones of its weights; default: all of them'),
  positionResizing: z
    .enum(['bicubic', 'antialiased', 'bilinear'])
    .optional()
    .describe(
      "how positions are brought to another grid: 'bicubic' as the reference does, 'bilinear' as section 5.1 says, 'antialiased' as timm does; default: as the named backbone was trained",
    ),
});

const network = z.strictObject({
  weights: z
    .string()
    .optional()
    .describe(
      "a network to start from, heads included: a checkpoint's model.safetensors; what it lacks starts from random numbers",
    ),
  module: z
    .string()
    .optional()
    .describe('JavaScript module that exports a function "network" of your own, instead of ToCo\'s'),
  frozen: z
    .array(z.string())
    .default([])
    .describe('what is not trained: what their paths begin with, such as encoder or encoder.blocks.0'),
  decoderDim: count.default(512),
  decoderDilation: count.default(5).describe('of its two 3×3 convolutions (section 5.1)'),
  projection: z
    .strictObject({ hidden: count.default(2048), bottleneck: count.default(256), out: count.default(1024) })
    .prefault({}),
});

const evaluation = z.strictObject({
  every: count.default(2000).describe('iterations between validations'),
  size: count.default(448).describe('side that validation images are squashed to'),
  threshold: probability.default(0.5).describe('a CAM above this is its class, else background'),
  average: z
    .string()
    .transform((average) => (average === 'none' ? undefined : average))
    .optional()
    .describe(
      "the one of averages that is validated and used afterwards; 'none', or left out: the parameters themselves",
    ),
  limit: count.optional().describe('validate on the first images only'),
});

const run = z.strictObject({
  checkpointEvery: count.default(1000).describe('iterations between checkpoints'),
  keep: count.default(2).describe('checkpoints that are kept'),
  logEvery: count.default(20).describe('iterations that one row of metrics averages over'),
  stopAfter: count.optional().describe('stop after so many iterations though the schedule is longer'),
});

const engine = z.strictObject({
  backend: z.enum(['tensorflow', 'wasm', 'cpu']).default('tensorflow'),
  device: z.enum(['auto', 'gpu', 'cpu']).default('auto'),
  precision: z.enum(['f32', 'bf16']).default('f32').describe('number format of matrix products'),
  compile: z.boolean().default(true).describe('run the step as one TensorFlow graph'),
  xla: z.boolean().default(false),
  checkpoint: z
    .boolean()
    .default(false)
    .describe('recompute blocks in the backward pass: less memory, more time'),
  threads: count.max(1024).optional(),
  memoryGrowth: z.boolean().default(true),
  tf32: z.boolean().default(false),
});

/** Everything a run depends on, apart from objects and functions (a backbone of one's own, a data set). */
export const configSchema = stepConfigSchema.omit({ numClasses: true }).extend({
  seed: z.number().int().default(0),
  batchSize: positive.int().default(4),
  data: data.prefault({}),
  views: viewsSchema.prefault({}),
  backbone: backbone.prefault({}),
  network: network.prefault({}),
  evaluation: evaluation.prefault({}),
  run: run.prefault({}),
  engine: engine.prefault({}),
});

/** A run's configuration with every default filled in. */
export type Config = z.output<typeof configSchema>;

/** A run's configuration as a user writes it: only what differs from the paper's VOC run. */
export type ConfigInput = z.input<typeof configSchema>;

/** The part of a run's configuration that the step sees, with the number of classes of the data. */
export function stepConfigOf(config: Config, numClasses: number): StepConfig {
  const keys = Object.keys(stepConfigSchema.shape).filter((key) => key !== 'numClasses');
  const part = Object.fromEntries(keys.map((key) => [key, config[key as keyof Config]]));
  return stepConfigSchema.parse({ ...part, numClasses });
}
