import type { ConfigInput } from '@toco/trainer';

/** Drawn scenes and a small network, which nothing has pretrained: it shows that all of it works, and learns little. */
export const scenes: ConfigInput = {
  batchSize: 4,
  data: { dataset: 'synthetic', synthetic: { size: 96, train: 200, val: 24 } },
  views: { cropSize: 96 },
  localCrops: { size: 32 },
  backbone: { name: 'vit_mini_patch8_96' },
  network: { decoderDim: 64, projection: { hidden: 32, bottleneck: 16, out: 32 } },
  optimizer: { lr: 1e-3, warmup: 12, iterations: 240 },
  evaluation: { size: 96 },
};

/**
 * The schedule over any configuration: classifiers alone, then the decoder with them. Terms that teach the backbone are off.
 *
 * @param module of the network, which the run remembers
 */
export function frozenConfig(base: ConfigInput, module: string): object {
  const weights = { cls: 1, clsAux: 1, ptc: 0, ctc: 0 };
  return {
    ...base,
    network: { ...base.network, module, frozen: ['encoder', 'proj_head'] },
    phases: [
      { from: 0, weights: { ...weights, seg: 0, reg: 0 } },
      { from: '20%', weights: { ...weights, seg: 0.1, reg: 0.05 } },
    ],
  };
}
