import { basename } from 'node:path';
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
  /** JavaScript modules that the network was made by, where it is not one of ours. */
  readonly modules?: OwnModules | undefined;
}

/** Files that export a backbone or a network of one's own. */
export interface OwnModules {
  readonly backbone?: string | undefined;
  readonly network?: string | undefined;
}

/** The modules that flags name, or else the run's configuration: their files' names, for where they lie is nobody else's business. */
export function ownModules({ backbone, network }: HubDescription['config'], flags: OwnModules): OwnModules {
  const name = (file: string | undefined): string | undefined => file && basename(file);
  return {
    backbone: name(flags.backbone ?? backbone.module),
    network: name(flags.network ?? network.module),
  };
}

/**
 * `config.json`. `model_type` is what transformers.js chooses its code by: of the types that it knows for semantic segmentation
 * `segformer` is the one whose code expects nothing but `pixel_values` in and `logits` out. What the network really is stands in `toco`.
 */
export function hubConfig({ config, labels, size, backbone, modules = {} }: HubDescription): object {
  const { auxBlock, depth, positionResizing } = config.backbone;
  const { decoderDim, decoderDilation, projection } = config.network;
  // A network of one's own may have another backbone inside than it is made of, and is made again of the latter.
  const name =
    modules.network !== undefined && modules.backbone === undefined ? config.backbone.name : backbone.name;
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
      backbone: {
        ...{ name, module: modules.backbone, auxBlock, depth, positionResizing },
        patchSize: backbone.stride,
      },
      network: { module: modules.network, decoderDim, decoderDilation, projection },
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
