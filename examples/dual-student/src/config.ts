import type { ConfigInput } from '@toco/trainer';

/** Drawn scenes and a small network: minutes on a laptop. */
export const scenes: ConfigInput = {
  batchSize: 4,
  data: { dataset: 'synthetic', synthetic: { size: 96, train: 200, val: 24 } },
  views: { cropSize: 96 },
  localCrops: { size: 32 },
  backbone: { name: 'vit_mini_patch8_96' },
  network: { decoderDim: 64, projection: { hidden: 128, bottleneck: 32, out: 64 } },
  optimizer: { lr: 1e-4, warmup: 12, iterations: 240 },
  evaluation: { size: 96 },
};

const six = { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0 };

/** Ten iterations, and few images to validate on: whether it works. */
export const shortScenes: ConfigInput = {
  ...scenes,
  optimizer: { ...scenes.optimizer, warmup: 1, iterations: 10 },
  evaluation: { ...scenes.evaluation, limit: 4 },
  run: { checkpointEvery: 5 },
};

/**
 * The schedule of two students over any configuration: classification first, then each learns from the other. β_h of every class goes
 * from 0.7 to 0.55 by cosine, as both learn to agree; a list may end at another value for each class.
 *
 * @param module of the network, which the run remembers
 */
export function dualConfig(
  base: ConfigInput,
  { classes, module }: { classes: number; module: string },
): object {
  return {
    ...base,
    network: { ...base.network, module },
    // Below `second` all would learn at the rate of heads.
    optimizer: { ...base.optimizer, groups: [{ paths: ['second.encoder'], lrScale: 1 }] },
    phases: [
      { from: 0, weights: { ...six, seg: 0, reg: 0, secondCls: 1, secondSeg: 0, discrepancy: 0.1 } },
      {
        from: '20%',
        weights: { ...six, seg: 0.1, reg: 0.05, secondCls: 1, secondSeg: 0.1, discrepancy: 0.1 },
        cam: { high: Array<number>(classes).fill(0.55), anneal: 'cosine' },
      },
    ],
  };
}
