import type { LossTerm } from '@toco/method';
import type { Settings } from './settings.js';

/** What makes a run another one than ToCo's. */
export interface RunRow {
  /** Terms of the loss that stay; default: all. */
  readonly terms?: readonly LossTerm[];
  /** Settings over the preset's configuration. */
  readonly settings?: Settings;
  /** Place of the size of local crops among the preset's. */
  readonly cropSize?: 0 | 1 | 2 | 3;
  /** The network that was pretrained on ImageNet-21k instead. */
  readonly imageNet21k?: boolean;
}

/** Every run of the tables and figures; those that several of them show are trained once. */
export const runs = {
  toco: {},
  'toco-imagenet-21k': { imageNet21k: true },
  masks: {
    settings: {
      'data.trainMasks': 'all',
      phases: [{ from: 0, weights: { cls: 0, clsAux: 0, ptc: 0, ctc: 0, seg: 1, reg: 0 } }],
    },
  },
  cls: { terms: ['cls'] },
  'cls-aux': { terms: ['cls', 'clsAux'] },
  ptc: { terms: ['cls', 'clsAux', 'ptc'] },
  'ptc-ctc': { terms: ['cls', 'clsAux', 'ptc', 'ctc'] },
  'ptc-ctc-seg': { terms: ['cls', 'clsAux', 'ptc', 'ctc', 'seg'] },
  'block-8': { settings: { 'backbone.auxBlock': -5 } },
  'block-9': { settings: { 'backbone.auxBlock': -4 } },
  'block-11': { settings: { 'backbone.auxBlock': -2 } },
  'crop-64': { cropSize: 0 },
  'crop-80': { cropSize: 1 },
  'crop-112': { cropSize: 3 },
  'momentum-0': { settings: { 'teacher.momentum': 0 } },
  'momentum-0.1': { settings: { 'teacher.momentum': 0.1 } },
  'momentum-0.99': { settings: { 'teacher.momentum': 0.99 } },
} as const satisfies Readonly<Record<string, RunRow>>;

/** One of {@link runs}. */
export type RunName = keyof typeof runs;
