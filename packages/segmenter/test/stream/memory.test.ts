import { beforeAll, describe, expect, test } from '@jest/globals';
import { denseCrfReference } from '@toco/crf';
import { initBackend } from '@toco/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { protocolOf } from '../../src/protocol/protocol-of.js';
import { protocols } from '../../src/protocol/protocol.js';
import type { ScaleMaps } from '../../src/masks/fuse-maps.js';
import { estimateMemory } from '../../src/stream/memory.js';
import { refineSegmentation } from '../../src/stream/refine-segmentation.js';
import { segmenter } from '../../src/stream/segmenter.js';
import { smallNetwork } from '../small-network.js';
import { collect, picture, spreadParams } from './pictures.js';

beforeAll(() => initBackend());

const network = smallNetwork();
const photograph = { height: 3000, width: 4000, id: 'a.jpg' };

describe('an estimate', () => {
  const use = {
    network: { numClasses: 20, backbone: { stride: 16, tokenDim: 192, heads: 3 } },
    outputs: ['labels'],
  } as const;

  test('of 12 megapixels: little where the size is bounded, much at native size', () => {
    const of = (protocol: typeof protocols.fast, numClasses = 20): number =>
      estimateMemory(photograph, { ...use, network: { ...use.network, numClasses }, protocol }).bytes;
    const window = { size: 448, overlap: 64 };
    for (const bounded of [
      protocols.fast,
      protocolOf('fast', { size: { shorter: 448 } }),
      protocolOf('fast', { size: 'native', window }),
    ]) {
      expect(of(bounded)).toBeLessThan(2e9);
      expect(of(bounded, 80)).toBeLessThan(3e9);
    }
    expect(of(protocolOf('voc', { crf: 'none' }))).toBeGreaterThan(8e9);
    expect(of(protocolOf('fast', { crf: protocols.voc.crf! }))).toBeGreaterThan(1e10);
  });

  test('grows with what is asked for', () => {
    const of = (outputs: Parameters<typeof estimateMemory>[1]['outputs']): number =>
      estimateMemory(photograph, { ...use, outputs, protocol: protocols.fast }).bytes;
    expect(of(['labels', 'probabilities']) - of(['labels'])).toBeGreaterThanOrEqual(4 * 12e6 * 21);
  });
});

test('what would take too much is refused in one line that names what helps', async () => {
  const { params } = network.init(0);
  const native = segmenter(network, params, { protocol: protocolOf('voc', { crf: 'none' }) });
  expect(native.refusal(photograph, 4e9)).toMatch(
    /^a\.jpg: 4000×3000 pixels would take [\d.]+ GB of memory with protocol voc, changed, 4\.0 GB may be taken \(--memory\); choose a smaller size with --size, or tiles with --window 448\.$/,
  );
  expect(native.refusal({ height: 64, width: 64 }, 4e9)).toBeUndefined();
  const once = protocolOf('voc', { scales: [1], mirror: 'none' });
  const crf = segmenter(network, params, { protocol: once, crf: denseCrfReference });
  expect(crf.refusal({ height: 100, width: 100 }, 7e7)).toMatch(/; choose a smaller image, or --crf none\.$/);
  const limited = segmenter(network, params, { protocol: protocolOf('voc', { crf: 'none' }), memory: 1e6 });
  await expect(collect(limited.segment([picture(40, 56, 1)]))).rejects.toThrow(
    /^40×56, 1: 56×40 pixels would take \d+ MB of memory .*, 1 MB may be taken/,
  );
});

describe('classes that a CRF leaves out', () => {
  /** Logits where class 2 is improbable everywhere, and class 1 on the left half only. */
  const maps: ScaleMaps[] = [
    {
      plain: {
        ...{ height: 2, width: 2, channels: 4 },
        data: Float32Array.of(0, 4, -9, 2, 0, -9, -9, 2, 0, 4, -9, 2, 0, -9, -9, 2),
      },
    },
  ];
  const image = picture(12, 16, 1);
  const options = {
    ...{ maps, crf: denseCrfReference, preset: { ...protocols.voc.crf!, iterations: 2 } },
    passes: { scales: [1], mirror: 'none', fusion: 'max' },
  } as const;

  test('are the improbable ones, where memory asks for it', async () => {
    const all = await refineSegmentation(image, { ...options, mostClasses: Infinity });
    expect(all!.classes).toEqual([0, 1, 2, 3]);
    const some = await refineSegmentation(image, { ...options, mostClasses: 3 });
    expect(some!.classes).toEqual([0, 1, 3]);
    expect(some!.labels).toEqual(all!.labels);
    expect(new Set(some!.labels)).toEqual(new Set([1, 3]));
    expect(await refineSegmentation(image, { ...options, mostClasses: 2 })).toBeUndefined();
  });

  test('never in voc and coco', () => {
    expect([protocols.voc.mayLeaveOut, protocols.coco.mayLeaveOut]).toEqual([false, false]);
    expect(protocolOf('voc', { crf: 'none', oddSizes: 'reference' }).mayLeaveOut).toBe(false);
    expect(protocolOf('voc', { size: { shorter: 448 } }).mayLeaveOut).toBe(true);
  });
});

test('hundreds of sizes leave nothing behind', async () => {
  const params = spreadParams();
  const protocol = protocolOf('voc', { scales: [1], mirror: 'none', crf: 'none' });
  const many = segmenter(network, params, { protocol, outputs: ['labels', 'scores'] });
  const before = tf.memory().numTensors;
  let images = 0;
  function* sizes(): Generator<ReturnType<typeof picture>> {
    for (let i = 0; i < 200; i++) {
      const [height, width] = [9 + (i % 40), 9 + Math.floor(i / 5)];
      yield { id: String(i), height, width, data: new Uint8Array(height * width * 3).fill(i) };
    }
  }
  for await (const { image, labels } of many.segment(sizes())) {
    images++;
    expect(labels.length).toBe(image.height * image.width);
  }
  expect(images).toBe(200);
  expect(tf.memory().numTensors).toBe(before);
});
