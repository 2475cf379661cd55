import type { ConfigInput } from '@toco/trainer';

/** Drawn scenes and a small network. */
export const scenes: ConfigInput = {
  batchSize: 4,
  data: { dataset: 'synthetic', synthetic: { size: 96, train: 200, val: 24 } },
  views: { cropSize: 96 },
  localCrops: { size: 32 },
  backbone: { name: 'vit_mini_patch8_96' },
  network: { projection: { hidden: 32, bottleneck: 16, out: 32 } },
  optimizer: { lr: 2e-4, warmup: 0, iterations: 240 },
  evaluation: { every: 240, size: 96 },
  run: { checkpointEvery: 240 },
};

/** Classification alone, then segmentation: contrasts teach the tokens of a backbone, and this one learns nothing. */
const terms = { cls: 1, clsAux: 1, ptc: 0, ctc: 0 };

/**
 * The schedule of a frozen backbone over any configuration.
 *
 * @param module of the network, which the run remembers
 */
export function frozenConfig(
  base: ConfigInput,
  { module, name, weights }: { module: string; name?: string | undefined; weights?: string | undefined },
): object {
  return {
    ...base,
    backbone: {
      ...base.backbone,
      ...(name !== undefined && { name }),
      ...(weights !== undefined && { weights }),
    },
    network: { ...base.network, module, frozen: ['encoder'] },
    phases: [
      { from: 0, weights: { ...terms, seg: 0, reg: 0 } },
      { from: '20%', weights: { ...terms, seg: 1, reg: 0.05 } },
    ],
  };
}
