import { fileURLToPath } from 'node:url';
import { computesBf16 } from './computes-bf16.js';
import type { Settings } from './settings.js';

/** Names of the presets. */
export const presetNames = ['voc', 'coco', 'voc-mini', 'scenes'] as const;

/** One of {@link presetNames}. */
export type PresetName = (typeof presetNames)[number];

/** What all runs of a table share: data, network, length. */
export interface Preset {
  readonly name: PresetName;
  /** For captions. */
  readonly says: string;
  /** Data set of the paper that it stands for: rows of the other one can't be run. */
  readonly dataset: 'VOC' | 'COCO';
  /** Configuration of ToCo; the rows of tables differ from it. */
  readonly config: string;
  readonly settings: Settings;
  /** Whether `--data` must name a folder. */
  readonly needsData: boolean;
  /** List whose masks table 1 calls "train". */
  readonly trainList: string;
  /** Protocol of table 2. */
  readonly finalProtocol: 'voc' | 'coco';
  /** Local crops of table 5b, from the smallest; the third is the default. */
  readonly cropSizes: readonly [number, number, number, number];
  /** The network of the daggered rows, pretrained on ImageNet-21k. */
  readonly imageNet21k: Settings | undefined;
}

const file = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

const deitBase: Settings = {
  'backbone.name': 'deit_base_patch16_224',
  'backbone.weights': 'hf:timm/deit_base_patch16_224.fb_in1k',
};

const vitBase: Settings = {
  'backbone.name': 'vit_base_patch16_224',
  'backbone.weights': 'hf:timm/vit_base_patch16_224.augreg_in21k_ft_in1k',
};

const inPaper = { cropSizes: [64, 80, 96, 112], imageNet21k: vitBase, needsData: true } as const;

/** The presets by name. */
export const presets: Readonly<Record<PresetName, Preset>> = {
  voc: {
    ...inPaper,
    name: 'voc',
    says: 'PASCAL VOC 2012, DeiT-B, 448 px',
    dataset: 'VOC',
    config: file('../voc-train/deit-base.yaml'),
    settings: {},
    trainList: 'train',
    finalProtocol: 'voc',
  },
  coco: {
    ...inPaper,
    name: 'coco',
    says: 'MS COCO 2014, DeiT-B, 448 px',
    dataset: 'COCO',
    config: file('../coco-train/coco.yaml'),
    settings: deitBase,
    trainList: 'train',
    finalProtocol: 'coco',
  },
  'voc-mini': {
    name: 'voc-mini',
    says: 'a small subset of VOC, DeiT-Ti, 224 px',
    dataset: 'VOC',
    config: file('../voc-train/voc-mini.yaml'),
    settings: computesBf16() ? { 'engine.precision': 'bf16' } : {},
    needsData: true,
    trainList: 'train_aug',
    finalProtocol: 'voc',
    cropSizes: [32, 48, 64, 80],
    imageNet21k: undefined,
  },
  scenes: {
    name: 'scenes',
    says: 'drawn scenes, a small ViT, 96 px',
    dataset: 'VOC',
    config: file('scenes.yaml'),
    settings: { 'network.weights': file('../synthetic/weights/vit-mini.safetensors') },
    needsData: false,
    trainList: 'train',
    finalProtocol: 'voc',
    cropSizes: [16, 24, 32, 40],
    imageNet21k: undefined,
  },
};
