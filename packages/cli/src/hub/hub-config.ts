import type { Backbone } from '@toco/backbone';
import type { Config } from '@toco/trainer';

/** What describes a network on a hub. */
export interface HubDescription {
  readonly config: Pick<Config, 'backbone' | 'network'>;
  /** Names of all classes, background first. */
  readonly labels: readonly string[];
  /** Side of the images in pixels. */
  readonly size: number;
  readonly backbone: Pick<Backbone, 'name' | 'stride' | 'mean' | 'std'>;
}

/**
 * `config.json`. `model_type` is what transformers.js chooses its code by: of the types that it knows for semantic segmentation
 * `segformer` is the one whose code expects nothing but `pixel_values` in and `logits` out. What the network really is stands in `toco`.
 */
export function hubConfig({ config, labels, size, backbone }: HubDescription): object {
  return {
    model_type: 'segformer',
    architectures: ['TocoForSemanticSegmentation'],
    image_size: size,
    num_labels: labels.length,
    id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
    'transformers.js_config': { dtype: 'fp32' },
    toco: {
      architecture: 'toco',
      backbone: { name: backbone.name, auxBlock: config.backbone.auxBlock, patchSize: backbone.stride },
      network: config.network,
      classes: labels.slice(1),
    },
  };
}

/** `preprocessor_config.json`: images are squashed to a square, bilinearly, and normalized. */
export function preprocessorConfig({ size, backbone }: HubDescription): object {
  return {
    image_processor_type: 'SegformerImageProcessor',
    do_resize: true,
    size: { height: size, width: size },
    resample: 2,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: backbone.mean,
    image_std: backbone.std,
  };
}
