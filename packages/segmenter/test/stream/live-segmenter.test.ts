import { beforeAll, expect, test } from '@jest/globals';
import { uploadTree } from '@toco/core';
import { inLanes } from '@toco/graph';
import { initBackend } from '@toco/runtime';
import * as tf from '@tensorflow/tfjs-core';
import type { Prepare } from '../../src/passes/live-engine.js';
import { read } from '../../src/passes/network-engine.js';
import { protocolOf } from '../../src/protocol/protocol-of.js';
import { liveSegmenter } from '../../src/stream/live-segmenter.js';
import { segmenter } from '../../src/stream/segmenter.js';
import { smallNetwork } from '../small-network.js';
import { apart, collect, picture, spreadParams } from './pictures.js';

beforeAll(() => initBackend());

const network = smallNetwork();
const protocol = protocolOf('fast', { size: { squash: 64 } });
const outputs = ['labels', 'cam', 'camAux', 'scores', 'similarity'] as const;
const images = [1, 2, 3].map((seed) => ({
  ...picture(50, 70, seed),
  labels: Uint8Array.of(1, 0, 0, seed % 2, 0),
}));

type Params = ReturnType<typeof spreadParams>;

/** Operations one by one over the parameters of the moment; counts what is prepared and run. */
function holder(params: Params): {
  readonly held: { params: Params };
  readonly prepare: Prepare<Params['encoder']>;
  readonly prepared: () => number;
  readonly shapes: string[];
} {
  const held = { params };
  const shapes: string[] = [];
  let prepared = 0;
  const prepare: Prepare<Params['encoder']> = (pass) => {
    prepared++;
    return async (inputs) => {
      const uploaded = uploadTree<{ images: tf.Tensor4D }>(inputs);
      shapes.push(uploaded.images.shape.join());
      const tensors = tf.tidy(() => pass(held.params, uploaded));
      const values = await read(tensors);
      tf.dispose([uploaded, tensors]);
      return values;
    };
  };
  return { held, prepare, prepared: () => prepared, shapes };
}

test('sees the parameters of the moment, prepares each pass once, and fills up the last batch', async () => {
  const [params, later] = [spreadParams(), network.init(9).params as Params];
  const { held, prepare, prepared, shapes } = holder(params);
  const watched = liveSegmenter(network, prepare, { protocol, outputs, batchSize: 2 });
  const expectSameAs = async (current: Params): Promise<void> => {
    const own = segmenter(network, current, { protocol, outputs, batchSize: 2 });
    const [given, expected] = [await collect(watched.segment(images)), await collect(own.segment(images))];
    for (const [i, one] of given.entries()) {
      expect(one.labels).toEqual(expected[i]!.labels);
      expect(one.classes).toEqual(expected[i]!.classes);
      for (const name of ['cam', 'camAux'] as const)
        expect(apart(one[name].data, expected[i]![name].data)).toBeLessThan(1e-4);
      for (const name of ['scores', 'similarity'] as const)
        expect(apart(one[name], expected[i]![name])).toBeLessThan(1e-5);
    }
  };
  await expectSameAs(params);
  held.params = later;
  const before = prepared();
  await expectSameAs(later);
  expect(prepared()).toBe(before);
  // of the image and its twin at once, or of either: one batch for each scale, whatever the number of images left
  expect(new Set(shapes).size).toBe(3);
});

test('every pass goes the way that it is told, to the same results', async () => {
  const { prepare } = holder(spreadParams());
  let blocks = 0;
  const wrapBlock: ReturnType<typeof inLanes> = (block) => (tokens, weights) => {
    blocks++;
    return inLanes(2)(block)(tokens, weights);
  };
  const options = { protocol, outputs, batchSize: 4 };
  const [whole] = await collect(liveSegmenter(network, prepare, options).segment(images));
  const [parts] = await collect(
    liveSegmenter(network, prepare, { ...options, forward: { wrapBlock } }).segment(images),
  );
  // the images, their mirrored twins, and both at once at each of two other scales
  expect(blocks).toBe(4 * 4);
  expect(apart(parts!.cam.data, whole!.cam.data)).toBeLessThan(1e-4);
  expect(apart(parts!.similarity, whole!.similarity)).toBeLessThan(1e-5);
});

test('nothing is left behind', async () => {
  const { prepare } = holder(spreadParams());
  const before = tf.memory().numTensors;
  await collect(liveSegmenter(network, prepare, { protocol, outputs }).segment(images));
  expect(tf.memory().numTensors).toBe(before);
});
