import { beforeAll, expect, test } from '@jest/globals';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { flattenTree, valueAndGrad } from '@toco/core';
import { imagenetMean, imagenetStd } from '@toco/core';
import { poolClassToken, vit, type Backbone } from '@toco/backbone';
import { initBackend } from '@toco/runtime';
import { expectClose, expectNoLeak, fixtureArrays } from '@toco/testing';
import { createNetwork } from '../src/network.js';

beforeAll(async () => {
  await initBackend();
});

const sizes = { patchSize: 8, dim: 24, depth: 4, heads: 3 };
const heads = { numClasses: 5, decoderDim: 16, projection: { hidden: 32, bottleneck: 12, out: 32 } };
const network = createNetwork({ backbone: vit({ imageSize: 64, ...sizes }), ...heads });

const images = (height: number, width: number): tf.Tensor4D =>
  tf.randomNormal<tf.Rank.R4>([2, height, width, 3], 0, 1, 'float32', 1);

test('the same seed gives the same network, another one another', async () => {
  const values = async (seed: number): Promise<string[]> => {
    const { params } = network.init(seed);
    const leaves = [params.classifier.weight, params.aux_classifier.weight, params.decoder.conv6.weight];
    return Promise.all(leaves.map(async (leaf) => String((await leaf.data()).slice(0, 9))));
  };
  expect(await values(4)).toEqual(await values(4));
  const [classifier, auxClassifier] = await values(4);
  expect(classifier).not.toBe(auxClassifier);
  expect((await values(5))[0]).not.toBe(classifier);
});

test('first weights: uniform within 1/√fanIn, head normal with deviation 0.02, lengths 1, biases 0', async () => {
  const wide = createNetwork({
    backbone: vit({ imageSize: 8, ...sizes }),
    numClasses: 20,
    projection: { hidden: 512, bottleneck: 256, out: 1024 },
  });
  const { params } = wide.init(0);
  const statistics = async (x: tf.Tensor): Promise<[largest: number, deviation: number]> => [
    (await tf.max(tf.abs(x)).data())[0]!,
    (await tf.sqrt(tf.mean(tf.square(x))).data())[0]!,
  ];
  const fanIns: [tf.Tensor, number][] = [
    [params.classifier.weight, 24],
    [params.decoder.conv6.weight, 9 * 24],
    [params.decoder.conv8.weight, 512],
    [params.proj_head.last_layer.weight_v, 256],
  ];
  for (const [weight, fanIn] of fanIns) {
    const [largest, deviation] = await statistics(weight);
    expect(largest * Math.sqrt(fanIn)).toBeLessThanOrEqual(1);
    expect(largest * Math.sqrt(fanIn)).toBeGreaterThan(0.98);
    expect(Math.abs(deviation * Math.sqrt(3 * fanIn) - 1)).toBeLessThan(0.06);
  }
  const { mlp, last_layer: last } = params.proj_head;
  expect(Math.abs((await statistics(mlp[2].weight))[1] / 0.02 - 1)).toBeLessThan(0.01);
  await expectClose(last.weight_g, tf.ones([1024, 1]), { absolute: 0 });
  await expectClose(mlp[0].bias, tf.zeros([512]), { absolute: 0 });
});

test('the teacher starts as a copy with tensors of its own', async () => {
  const { params, teacher } = network.init(0);
  const student = flattenTree(params.proj_head);
  for (const [path, leaf] of flattenTree(teacher)) {
    await expectClose(leaf, student.get(path)!, { absolute: 0 });
    expect(leaf.id).not.toBe(student.get(path)!.id);
  }
});

test('positions and the lengths of the last layer are not trained', () => {
  const paths = [...flattenTree(network.init(0).params).keys()];
  expect(paths.filter((path) => !network.trainable(path))).toEqual([
    'encoder.pos_embed',
    'proj_head.last_layer.weight_g',
  ]);
});

test('all trained parameters get a gradient from logits, segmentation and projection together', async () => {
  const { params } = network.init(0);
  const { grads } = valueAndGrad((p) => {
    const output = network.forward(p, images(16, 24));
    const results = [
      output.clsLogits,
      output.auxLogits,
      network.segment(p, output),
      network.project(p.proj_head, output.clsToken),
    ];
    return { loss: tf.addN(results.map((x) => tf.sum(tf.square(x)))), aux: {} };
  }, params);
  for (const [path, gradient] of flattenTree(grads)) {
    const [length] = await tf.norm(gradient).data();
    // Shifting all keys changes no attention: that third of the bias has no gradient, but the others have.
    expect({ path, trained: length! > 0 }).toEqual({ path, trained: network.trainable(path) });
  }
});

test('import: positions of another grid are resized, what is missing keeps its value', async () => {
  const { 'classifier.weight': left, ...arrays } = fixtureArrays('checkpoint');
  const larger = createNetwork({ backbone: vit({ imageSize: 96, ...sizes }), ...heads });
  const state = larger.init(0);
  const { params, report } = larger.importCheckpoint(state, { ...arrays, 'decoder.extra': left! });
  expect(report.resized).toEqual(['encoder.pos_embed']);
  expect(report.missing).toEqual(['classifier.weight']);
  expect(report.leftOver).toEqual(['decoder.extra']);
  await expectClose(params.classifier.weight, state.params.classifier.weight, { absolute: 0 });
});

test('import: another number of classes is one clear line', () => {
  const coco = createNetwork({ ...heads, backbone: network.backbone, numClasses: 80 });
  const state = coco.init(0);
  const before = tf.memory().numTensors;
  expect(() => coco.importCheckpoint(state, fixtureArrays('checkpoint'))).toThrow(
    'classifier.weight: has shape [5,24,1,1] in the checkpoint, [80,24,1,1] in the network; choose the matching variant',
  );
  expect(tf.memory().numTensors).toBe(before);
});

test('forward, segmentation and their gradient leave nothing but the result behind', async () => {
  const { params } = network.init(0);
  const input = images(32, 32);
  await expectNoLeak(() => network.init(0));
  await expectNoLeak(() => network.forward(params, input));
  await expectNoLeak(() =>
    valueAndGrad((p) => {
      const logits = network.segment(p, network.forward(p, input));
      return { loss: tf.sum(tf.square(logits)), aux: {} };
    }, params),
  );
});

test('a backbone of one’s own with other auxiliary tokens goes through every head', async () => {
  const mine: Backbone<{ stem: tf.Tensor4D; deep: tf.Tensor4D }> = {
    name: 'mine',
    stride: 8,
    tokenDim: 10,
    auxDim: 6,
    classToken: 'pooled',
    mean: imagenetMean,
    std: imagenetStd,
    init: (seed) => ({
      stem: tf.randomNormal([4, 4, 3, 6], 0, 0.1, 'float32', seed + 1),
      deep: tf.randomNormal([2, 2, 6, 10], 0, 0.1, 'float32', seed + 2),
    }),
    trainable: () => true,
    apply: ({ stem, deep }, input) => {
      const middle = tf.relu(tf.conv2d(input, stem, 4, 'valid'));
      const last = tf.relu(tf.conv2d(middle, deep, 2, 'valid'));
      const tokens = (x: tf.Tensor4D): tf.Tensor3D =>
        tf.reshape(x, [x.shape[0], x.shape[1] * x.shape[2], x.shape[3]]);
      return {
        clsToken: poolClassToken(tokens(last)),
        patchTokens: tokens(last),
        auxTokens: tokens(middle),
        grid: [last.shape[1], last.shape[2]],
        auxGrid: [middle.shape[1], middle.shape[2]],
      };
    },
  };
  const own = createNetwork({ ...heads, backbone: mine });
  const state = own.init(0);
  const input = images(32, 48);
  const output = own.forward(state.params, input);
  const { cam, camAux } = own.rawCams(state.params, output);
  expect([output.clsLogits.shape, output.auxLogits.shape]).toEqual([
    [2, 5],
    [2, 5],
  ]);
  expect([cam.shape, camAux.shape]).toEqual([
    [2, 4, 6, 5],
    [2, 8, 12, 5],
  ]);
  await expectClose(own.clsToken(state.params, input), output.clsToken, { absolute: 0 });
  await expectNoLeak(() => own.clsToken(state.params, input));
  expect(own.segment(state.params, output).shape).toEqual([2, 4, 6, 6]);
  const arrays = await own.exportCheckpoint(state);
  expect(arrays['encoder.stem']!.shape).toEqual([6, 3, 4, 4]);
  const { report } = own.importCheckpoint(own.init(1), arrays);
  expect(report).toMatchObject({ missing: [], leftOver: [], resized: [] });
});

test.each(['cpu', 'wasm'] as const)('the %s backend gives the same results', async (name) => {
  const { params, teacher } = network.init(0);
  const input = images(24, 16);
  const results = (): tf.Tensor[] => {
    const output = network.forward(params, input);
    const { cam } = network.rawCams(params, output);
    return [
      output.clsLogits,
      network.segment(params, output),
      cam,
      network.project(teacher, output.clsToken),
    ];
  };
  const expected = await Promise.all(results().map(async (x) => x.data()));
  await tf.setBackend(name);
  for (const [i, result] of results().entries()) {
    await expectClose(result, tf.tensor(expected[i]!, result.shape), { relative: 2e-5 });
  }
  await tf.setBackend('tensorflow');
});

test('a checkpoint refuses a part that has the name of the teacher', async () => {
  const { params, teacher } = network.init(1);
  const own = { ...params, proj_head_t: { weight: tf.zeros([2]) } };
  await expect(network.exportCheckpoint({ params: own, teacher })).rejects.toThrow(
    'network: its parameters have proj_head_t, the name of the teacher in every checkpoint; give that part another name in init().',
  );
});
