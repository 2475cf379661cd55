import { beforeAll, describe, expect, test } from '@jest/globals';
import { denseCrfReference } from '@toco/crf';
import { initBackend } from '@toco/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { protocolOf } from '../../src/protocol/protocol-of.js';
import { protocols } from '../../src/protocol/protocol.js';
import type { ScaleMaps } from '../../src/masks/fuse-maps.js';
import { networkEngine } from '../../src/passes/network-engine.js';
import type { PassEngine } from '../../src/passes/pass-engine.js';
import { crfBytes, estimateMemory } from '../../src/stream/memory.js';
import { refineSegmentation } from '../../src/finish/refine-segmentation.js';
import { segmenter, segmenterOn } from '../../src/stream/segmenter.js';
import type { SizeAndLabels } from '../../src/finish/segmenter-image.js';
import { smallNetwork } from '../small-network.js';
import { apart, collect, picture, spreadParams, tasksTogether } from './pictures.js';

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

test('an image that is refused is told and passed over; the others go on', async () => {
  const { params } = network.init(0);
  const protocol = protocolOf('voc', { crf: 'none', scales: [1], mirror: 'none' });
  const through = segmenter(network, params, { protocol, memory: 8e7 });
  const large = { id: 'large.jpg', height: 3000, width: 4000, data: new Uint8Array(3 * 12e6) };
  const refused: [string, string][] = [];
  const results = through.segment([picture(40, 56, 1), large, picture(33, 40, 2)], {
    onRefused: ({ id = '' }, message) => refused.push([id, message]),
  });
  expect((await collect(results)).map(({ image }) => image.id)).toEqual(['40×56, 1', '33×40, 2']);
  expect(refused).toEqual([['large.jpg', expect.stringMatching(/^large\.jpg: 4000×3000 pixels would take/)]]);
});

test('what a caller takes beside is part of the estimate, and its remedy of the refusal', () => {
  const { params } = network.init(0);
  const further = ({ height, width, labels }: SizeAndLabels) => ({
    bytes: height * width * 1000 * (labels?.length ?? 0),
    remedy: 'ask for less',
  });
  const through = segmenter(network, params, { further });
  const image = { height: 1000, width: 1000, id: 'a.jpg' };
  const [none, two] = [through.estimate(image).bytes, through.estimate({ ...image, labels: [1, 1] }).bytes];
  expect(none).toBeLessThan(2e9);
  expect(two).toBeGreaterThan(2e9);
  expect(through.refusal({ ...image, labels: [1, 1] }, 2e9)).toMatch(/\(--memory\); ask for less\.$/);
  expect(through.refusal(image, 2e9)).toBeUndefined();
});

describe('CRFs that are under way at once', () => {
  const protocol = protocolOf('voc', { scales: [1], mirror: 'none' });
  /** The most CRFs of equal images that were under way together, of at most three; they go on when as many are as are expected. */
  async function mostAtOnce(expected: number, memory?: number): Promise<number> {
    const tasks = tasksTogether(expected, 5);
    const crf = async (_: unknown, probabilities: Float32Array): Promise<Float32Array> => {
      await tasks.task();
      return probabilities;
    };
    const { params } = network.init(0);
    const through = segmenter(network, params, { protocol, crf, finishedAtOnce: 3, memory });
    const images = [1, 2, 3, 4, 5].map((seed) => picture(120, 160, seed));
    expect(await collect(through.segment(images))).toHaveLength(5);
    return tasks.most;
  }

  test('share the memory', async () => {
    const { params } = network.init(0);
    const one = segmenter(network, params, { protocol, crf: denseCrfReference });
    const { bytes } = one.estimate({ height: 120, width: 160 });
    expect(await mostAtOnce(3)).toBe(3);
    expect(await mostAtOnce(2, 2.5 * bytes)).toBe(2);
    expect(await mostAtOnce(1, 1.2 * bytes)).toBe(1);
  });
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

  test('are told with the result; an image that has too many probable ones is refused', async () => {
    const { params } = network.init(0);
    const K = network.numClasses + 1;
    const protocol = protocolOf('fast', { size: { squash: 64 }, crf: protocols.voc.crf! });
    const engine = networkEngine(network, params, { compileAfter: Infinity });
    /** Logits of a network that finds class `c` in the left half, and nothing else anywhere. */
    const sure = (c: number): PassEngine => ({
      ...engine,
      run: async (images, wanted) => {
        const result = await engine.run(images, wanted);
        const { shape } = result.segLogits!;
        const data = new Float32Array(shape.reduce((product, side) => product * side, 1)).fill(-20);
        const [, h, w] = shape as [number, number, number];
        for (let i = 0; i < data.length / K; i++) data[i * K + (i % w < w / 2 ? c : 0)] = 20;
        expect(data.length).toBe(shape[0]! * h * w * K);
        return { ...result, segLogits: { data, shape, dtype: 'float32' } };
      },
    });
    const image = { id: 'a', height: 60, width: 80, data: new Uint8Array(60 * 80 * 3).fill(9) };
    const asked = { protocol, crf: denseCrfReference, outputs: ['labels', 'probabilities'] as const };
    const plain = segmenterOn(sure(2), asked, network);
    const { planes } = plain.estimate(image);
    // room for two classes and a half
    const memory = planes + 60 * 80 * (crfBytes.pixel + 2.5 * crfBytes.class);
    const [some] = await collect(segmenterOn(sure(2), { ...asked, memory }, network).segment([image]));
    expect(some!.leftOut).toEqual(Array.from({ length: K }, (_, k) => k).filter((k) => k !== 0 && k !== 2));
    const [all] = await collect(plain.segment([image]));
    expect(all!.leftOut).toEqual([]);
    expect(some!.labels).toEqual(all!.labels);
    expect(apart(some!.probabilities.data, all!.probabilities.data)).toBeLessThan(1e-4);

    const every = segmenter(network, params, { ...asked, memory });
    const refused: string[] = [];
    const results = every.segment([image], { onRefused: (_, message) => refused.push(message) });
    expect(await collect(results)).toEqual([]);
    expect(refused).toEqual([expect.stringMatching(/^a: memory \(--memory\) does not suffice for the CRF/)]);
    await expect(collect(every.segment([image]))).rejects.toThrow(/does not suffice for the CRF/);
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
