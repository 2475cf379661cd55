import { parseConfig, type Config, type ConfigInput } from '@toco/trainer';

/** What every run on the scenes shares: the scenes, the views, the network, the validation. */
const shared = {
  batchSize: 8,
  data: { dataset: 'synthetic', synthetic: { train: 2000, val: 120, size: 112, seed: 0 } },
  views: { cropSize: 96, scale: [0.75, 1.25] },
  backbone: { name: 'vit_mini_patch8_96' },
  network: { decoderDim: 128, projection: { hidden: 256, bottleneck: 64, out: 256 } },
  localCrops: { size: 32 },
  evaluation: { size: 112 },
} satisfies ConfigInput;

/** Plain data as deep as a configuration. */
type Plain = Readonly<Record<string, unknown>>;

/** The configuration of a run on the scenes. */
export function sceneConfig(input: ConfigInput): Config {
  return parseConfig(merge(shared, input), 'synthetic scenes');
}

function merge(base: Plain, over: Plain): Plain {
  const isBranch = (value: unknown): value is Plain =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  return Object.entries(over).reduce<Plain>((merged, [key, value]) => {
    const below = merged[key];
    return { ...merged, [key]: isBranch(value) && isBranch(below) ? merge(below, value) : value };
  }, base);
}
