import type { Network } from '@toco/network';
import { scaledSize } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Size } from '../masks/resize-planes.js';
import type { Protocol } from '../protocol/protocol.js';
import { baseSize } from '../masks/base-size.js';
import type { PassOutput } from '../passes/pass-engine.js';
import { planPasses } from './plan-passes.js';
import type { SegmenterOutput, SizeAndLabels } from '../finish/segmenter-image.js';

/** Bytes that an image takes at most, above what is taken without it. */
export interface MemoryEstimate {
  readonly bytes: number;
  /** In the largest pass through the network. */
  readonly network: number;
  /** In pictures, maps and what is asked for. */
  readonly planes: number;
  /** In the CRF with all classes. */
  readonly crf: number;
}

/** What a caller takes while it makes something of an image's results. */
export interface FurtherMemory {
  readonly bytes: number;
  /** What a refusal advises where this is the most. */
  readonly remedy: string;
}

/** What goes through a network and what is made of it. */
export interface MemoryUse {
  readonly network: {
    readonly backbone: Pick<Network['backbone'], 'stride' | 'tokenDim'> & {
      readonly heads?: number | readonly number[];
    };
    readonly numClasses: number;
  };
  readonly protocol: Protocol;
  readonly outputs: readonly SegmenterOutput[];
  readonly batchSize?: number | undefined;
  readonly further?: FurtherMemory | undefined;
}

/** Bytes of a dense CRF for each pixel, and for each class of a pixel: above what images of noise, the worst, were measured to take (EXPERIMENTS.md). */
export const crfBytes = { pixel: 1000, class: 64 };

/** Bytes that a dense CRF of `classes` planes takes at most, background included. */
export function crfMemory({ height, width }: Size, classes: number): number {
  return height * width * (crfBytes.pixel + crfBytes.class * classes);
}

/**
 * What an image of a size would take, before anything is computed: so that what is too large can be refused instead of ending the
 * process. Estimates lie above what was measured (EXPERIMENTS.md).
 *
 * @example
 * const { bytes } = estimateMemory({ height: 3000, width: 4000 }, { network, protocol: protocols.voc, outputs: ['labels'] });
 */
export function estimateMemory(size: SizeAndLabels, use: MemoryUse): MemoryEstimate {
  const { network, protocol, outputs, batchSize = 1, further } = use;
  const pixels = size.height * size.width;
  const K = network.numClasses + 1;
  const { stride } = network.backbone;
  const base = baseSize(size, protocol.size);
  const plan = planPasses(protocol, outputs);
  const passes = plan.map(({ scale, twins, wanted }) => {
    const [height, width] = scaledSize([base.height, base.width], scale, {
      stride,
      oddSizes: protocol.oddSizes,
    });
    const { window } = protocol;
    const seen = window
      ? { height: Math.min(height, window.size), width: Math.min(width, window.size) }
      : { height, width };
    return {
      network: batchSize * twins.length * passBytes(seen, use, wanted),
      // Scaled pictures, and maps of all tokens: segmentation and both CAMs.
      planes:
        4 * 3 * batchSize * twins.length * seen.height * seen.width +
        4 * twins.length * (height / stride) * (width / stride) * wanted.length * 3 * K,
    };
  });
  const asked = (output: SegmenterOutput): boolean => outputs.includes(output);
  const full = (['probabilities', 'logits'] as const).filter(asked).length;
  const cams = (['cam', 'camAux'] as const).filter(asked).length;
  const maps = (['labels', 'fusedLabels', 'singleLabels'] as const).filter(asked).length;
  const refines = protocol.crf !== undefined && (asked('labels') || asked('probabilities'));
  // Of an image without labels as many classes as it can be expected to show.
  const shown = size.labels ? countOf(size.labels) : Math.min(network.numClasses, 5);
  const planes =
    passes.reduce((sum, pass) => sum + pass.planes, 0) +
    (protocol.size === 'native' ? 0 : 12 * base.height * base.width) +
    pixels * (maps + 4 * full * K) +
    // At the base size and at the image's own.
    4 * cams * shown * (pixels + base.height * base.width) +
    2 ** 26;
  const crf = refines ? crfMemory(size, K) : 0;
  const most = Math.max(0, ...passes.map((pass) => pass.network));
  return { bytes: planes + Math.max(most, crf, further?.bytes ?? 0), network: most, planes, crf };
}

/** How many classes an image shows. */
function countOf(labels: ArrayLike<number>): number {
  return Array.from(labels).filter((label) => label > 0).length;
}

/** Bytes of one image's pass: activations of blocks, the perceptron's several times, the decoder's, and attention where it is stored. */
function passBytes(
  { height, width }: Size,
  { network: { backbone } }: MemoryUse,
  wanted: readonly PassOutput[],
): number {
  const { stride, tokenDim, heads = Math.ceil(tokenDim / 64) } = backbone;
  const tokens = Math.ceil(height / stride) * Math.ceil(width / stride) + 1;
  const most = typeof heads === 'number' ? heads : Math.max(...heads);
  const has = (kernel: string): boolean => (tf.getKernel(kernel, tf.getBackend()) as unknown) !== undefined;
  // Where `@toco/runtime` brings its kernels, the scores of all pairs are never in memory at once, nor what lies between the parts of a
  // linear map and its surroundings.
  const activations = has('TocoLinear') ? 32 : 66;
  const pairs = has('TocoAttention') && !wanted.includes('attention') ? 0 : 2 * most * tokens * tokens;
  // Without AVX-512 the decoder's convolutions gather neighborhoods.
  const decoder = 8 * 512;
  return 4 * (pairs + tokens * (activations * tokenDim + decoder)) + 12 * height * width;
}

/** Number of classes whose CRF fits what memory is left. */
export function classesThatFit(size: Size, { planes }: MemoryEstimate, memory: number): number {
  const left = (memory - planes) / (size.height * size.width);
  return Math.floor((left - crfBytes.pixel) / crfBytes.class);
}

/**
 * The line that refuses an image, naming what would help; undefined where it fits.
 *
 * @param what what the line begins with, such as the image's name
 */
export function memoryRefusal(
  size: Size,
  { estimate, memory, protocol, further, what = 'image' }: RefusalOptions,
): string | undefined {
  const { bytes, network, planes, crf } = estimate;
  const { bytes: furtherBytes, remedy: furtherRemedy } = further ?? { bytes: 0, remedy: '' };
  // Where the CRF may do with fewer classes, the image itself tells whether it fits.
  const needed =
    protocol.mayLeaveOut && classesThatFit(size, estimate, memory) >= 2
      ? planes + Math.max(network, furtherBytes)
      : bytes;
  if (needed <= memory) return undefined;
  const remedy =
    furtherBytes > Math.max(network, crf)
      ? furtherRemedy
      : crf > network
        ? 'choose a smaller image, or --crf none'
        : protocol.window
          ? 'choose a smaller --window, or a smaller size with --size'
          : 'choose a smaller size with --size, or tiles with --window 448';
  return `${what}: ${size.width}×${size.height} pixels would take ${inWords(needed)} of memory with protocol ${protocol.name}, ${inWords(memory)} may be taken (--memory); ${remedy}.`;
}

interface RefusalOptions {
  readonly estimate: MemoryEstimate;
  readonly memory: number;
  readonly protocol: Protocol;
  readonly further?: FurtherMemory | undefined;
  readonly what?: string | undefined;
}

/** Bytes in words: what is less than a gigabyte in megabytes, so that no limit reads as nothing. */
function inWords(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}
