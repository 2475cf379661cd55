import type { Recipe } from './recipe.js';

/** What a configuration says about its data. */
export interface DescribedData {
  readonly root: string;
  /** The layout by which it was read. */
  readonly layout: string;
  readonly classes: readonly string[];
  readonly train: number;
  readonly val: number;
  /** Images of validation that have masks. */
  readonly masks: number;
}

/** A configuration with a comment on each choice, in YAML. */
export function configText(recipe: Recipe, data: DescribedData, machine: string): string {
  const { backbone, weights, cropSize, localSize, batchSize, checkpoint } = recipe;
  const { iterations, warmup, segmentFrom } = recipe;
  const { classes } = data;
  const names = classes.slice(0, 8).join(', ') + (classes.length > 8 ? ', …' : '');
  const validation =
    data.masks === 0
      ? 'none of them has a mask, so that validation measures no mIoU'
      : `${data.masks} of them with masks`;
  return `# Written by toco init for ${machine}.
# What is not named here has its default: toco config --config FILE prints everything.
data:
  # ${data.train} images for training, ${data.val} for validation (${validation}); toco check looks at every file
  root: ${scalar(data.root)}
  # how the folder was understood; left out, it is detected anew
  dataset: ${data.layout}
  # ${comment(`${classes.length} class${classes.length === 1 ? '' : 'es'}: ${names}`)}
backbone:
  # a larger network is better and slower: deit_tiny, deit_small, deit_base
  name: ${backbone}
  # pretrained on ImageNet-1k, fetched once; a file does as well, none starts from random numbers
  weights: ${weights}
# images an iteration: halve it where memory runs out, and optimizer.lr with it
batchSize: ${batchSize}
views:
  # side of the views in pixels, a multiple of 16; objects that are small in the photographs need 448
  cropSize: ${cropSize}
localCrops:
  size: ${localSize}
optimizer:
  lr: 6.0e-5
  warmup: ${warmup}
  # each image is seen ${((iterations * batchSize) / Math.max(1, data.train)).toFixed(1)} times
  iterations: ${iterations}
phases:
  # first CAMs, then the segmentation that learns from them
  - from: 0
    weights: { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0, reg: 0 }
  - from: ${segmentFrom}
    weights: { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05 }
evaluation:
  every: ${iterations / 10}
  size: ${cropSize}
run:
  # Ctrl-C saves too; --resume continues
  checkpointEvery: ${iterations / 20}
engine:
  # true takes less memory and more time
  checkpoint: ${checkpoint}
`;
}

/** A text as one line of YAML, in quotes where it needs them: a string of JSON is one of YAML. */
function scalar(text: string): string {
  return /^[A-Za-z/.][\w/.-]*$/.test(text) ? text : JSON.stringify(text);
}

/** A text on one line of comment, whatever it holds. */
function comment(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}
