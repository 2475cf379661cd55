import type { OddSizes } from '@toco/core';
import { type DenseCrfKernels, tocoSegmentationCrf } from '@toco/crf';

/** How one map is made of several passes through the network. */
export interface Passes {
  /** Factors of the protocol's size. */
  readonly scales: readonly number[];
  /** How a map and its mirrored twin become one; `none`: there is no twin. */
  readonly mirror: 'none' | 'sum' | 'max';
  /** How the maps of all scales become one. */
  readonly fusion: 'max' | 'sum' | 'mean';
}

/** Kernels of a dense CRF, and what lines call them. */
export interface CrfPreset extends DenseCrfKernels {
  readonly name: string;
}

/** Square tiles that a scaled image is cut into; both in pixels, whole patches of the network. */
export interface Window {
  readonly size: number;
  /** Pixels that neighboring tiles share at least. */
  readonly overlap: number;
}

/** The size that an image is brought to before it is scaled: its own, a square, or one whose shorter side has a length. */
export type ProtocolSize = 'native' | { readonly squash: number } | { readonly shorter: number };

/** How a picture goes through a network, as data: two figures compare only where all of this is the same. */
export interface Protocol {
  readonly name: string;
  readonly size: ProtocolSize;
  readonly segmentation: Passes;
  /** Of CAM and auxiliary CAM; ReLU follows the mirror, and each class ends in 0…1 (ToCo, multi-scale CAM). */
  readonly cam: Passes;
  /** Refines the segmentation's probabilities at the image's own size; none where it is missing. */
  readonly crf?: CrfPreset | undefined;
  readonly window?: Window | undefined;
  readonly oddSizes: OddSizes;
  /**
   * Whether the CRF may leave out classes that are improbable everywhere, where memory does not suffice for all of them. Never
   * in a protocol whose figures are compared with published ones.
   */
  readonly mayLeaveOut: boolean;
}

const camPasses: Passes = { scales: [1, 0.5, 1.5], mirror: 'max', fusion: 'sum' };

/** The dense CRF that the paper refines its segmentation with. */
export const tocoCrf: CrfPreset = { name: 'toco', ...tocoSegmentationCrf };

const fast: Protocol = {
  name: 'fast',
  size: { squash: 448 },
  segmentation: { scales: [1], mirror: 'none', fusion: 'max' },
  cam: camPasses,
  oddSizes: 'corrected',
  mayLeaveOut: true,
};

/**
 * The protocols with names:
 * - `fast`, which validation in training follows: 448×448, one pass for the segmentation;
 * - `voc` and `coco`, the paper's (table 2): native size, or 448×448; scales 1, 1.25 and 1.5, mirrored; dense CRF;
 * - `cam`: what CAMs and pseudo labels are made with (table 1), 448×448, scales 1, 0.5 and 1.5, mirrored; the segmentation sees the
 *   same passes.
 */
export const protocols = Object.freeze({
  fast,
  voc: {
    ...fast,
    name: 'voc',
    size: 'native',
    segmentation: { scales: [1, 1.25, 1.5], mirror: 'sum', fusion: 'max' },
    crf: tocoCrf,
    mayLeaveOut: false,
  },
  coco: {
    ...fast,
    name: 'coco',
    segmentation: { scales: [1, 1.25, 1.5], mirror: 'max', fusion: 'sum' },
    crf: tocoCrf,
    mayLeaveOut: false,
  },
  cam: { ...fast, name: 'cam', segmentation: camPasses },
} satisfies Record<string, Protocol>) as Readonly<Record<'fast' | 'voc' | 'coco' | 'cam', Protocol>>;

/** Name of one of {@link protocols}. */
export type ProtocolName = keyof typeof protocols;
