import { beforeAll, expect, test } from '@jest/globals';
import { classLabels } from '@toco/cam';
import { corrections, correctionsOf, tidied } from '@toco/core';
import { defaultViewOptions, syntheticScenes, withTrainingMasks } from '@toco/datasets';
import { computeTargets, stepConfig } from '@toco/method';
import { initBackend } from '@toco/runtime';
import { buildNetwork, parseConfig } from '@toco/trainer';
import { labelsOfViews } from '../src/labels/labels-of-views.js';
import type { Variant } from '../src/labels/variants.js';
import { viewBatch } from '../src/labels/view-batch.js';

beforeAll(async () => {
  await initBackend();
});

test('labels are those that the step learns from, for each behavior and CAM', async () => {
  const scenes = syntheticScenes({ train: 2, val: 1, size: 56, seed: 3 });
  const list = await withTrainingMasks(await scenes.list('train'), scenes, { trainMasks: 'all' });
  const numClasses = list.classes.length;
  const network = buildNetwork(
    parseConfig({
      backbone: { name: 'vit_mini_patch8_96' },
      network: { decoderDim: 8, projection: { hidden: 8, bottleneck: 8, out: 8 } },
      views: { cropSize: 72 },
      localCrops: { size: 24 },
      evaluation: { size: 72 },
    }),
    { numClasses },
  );
  const { params } = network.init(1);
  // 0.5 · 72 are four and a half patches: all five behaviors differ.
  const views = { ...defaultViewOptions, cropSize: 72, scaleRange: [0.8, 1.2] as const };
  const settings = (behavior: Variant['behavior'], labelCam: 'main' | 'aux') =>
    stepConfig({
      numClasses,
      behavior,
      localCrops: { size: 24, count: 3 },
      phases: [{ from: 0, weights: { cls: 1, clsAux: 1, ptc: 1, ctc: 1, seg: 1, reg: 1 }, labelCam }],
    });
  const differing = new Set<string>();
  for (const pixelCam of ['main', 'aux'] as const)
    for (const behavior of [
      correctionsOf('corrected'),
      ...corrections.map((name) => correctionsOf({ [name]: 'reference' })),
    ]) {
      const config = settings(behavior, pixelCam);
      const batch = await viewBatch(list, [0, 1], {
        seed: 5,
        views: { ...views, behavior: behavior.lateFlip },
      });
      const targets = tidied(() =>
        computeTargets(
          { network, config, phase: config.phases[0]! },
          {
            params,
            main: network.forward(params, batch.images),
            batch: {
              ...{ images: batch.images, imgBox: batch.imgBox, presentClasses: batch.classes },
              ...{ globalView: batch.images, localSource: batch.images, cropNoise: batch.cropNoise },
              labels: classLabels(batch.classes),
            },
          },
        ),
      );
      const { scales, low, high } = config.cam;
      const { labelsOf, dispose } = labelsOfViews({ network, params, settings: config }, batch);
      const name = 'any';
      const labels = labelsOf({ name, behavior, scales, low, high, tokenCam: 'aux', pixelCam });
      dispose();
      expect(labels.tokens).toEqual(await targets.tokenLabels!.data());
      expect(labels.pixels).toEqual(await targets.pixelLabels!.data());
      expect(labels.origins).toEqual(await targets.cropOrigins!.data());
      expect([...labels.signs]).toEqual([...(await targets.cropFlags!.data())].filter((_, i) => i % 5 >= 2));
      differing.add(JSON.stringify([labels.tokens, labels.pixels, labels.origins, labels.signs]));
    }
  // Not one way of making labels six times over.
  expect(differing.size).toBeGreaterThan(6);
});
