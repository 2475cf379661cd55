import { beforeAll, expect, test } from '@jest/globals';
import { vit } from '@toco/backbone';
import { objectKinds, syntheticScenes } from '@toco/datasets';
import { createNetwork } from '@toco/network';
import { initBackend } from '@toco/runtime';
import { expectNoLeak } from '@toco/testing';
import { parseConfig } from '../../src/config/parse-config.js';
import { evaluate } from '../../src/evaluation/evaluate.js';
import { evaluateWithPanels } from '../../src/evaluation/exemplary-panels.js';
import { type ValidationSegmenter, validationSegmenter } from '../../src/evaluation/validation-segmenter.js';
import { eagerStepper, type StepperInputs } from '../../src/execution/eager.js';
import { initTrainState } from '@toco/method';

beforeAll(() => initBackend());

const backbone = vit({ imageSize: 32, patchSize: 8, dim: 12, depth: 4, heads: 2 });
const network = createNetwork({ backbone, numClasses: objectKinds.length, decoderDim: 8 });
const config = parseConfig({ evaluation: { size: 32 } });
const options = { threshold: 0.5, workers: 0 };

/** A segmenter that counts the images it is given. */
function countedSegmenter(): { through: ValidationSegmenter; seen: () => number } {
  let seen = 0;
  const state = initTrainState(network, network.init(3));
  const stepper = eagerStepper({ state } as StepperInputs<ReturnType<typeof backbone.init>>);
  const own = validationSegmenter(config, network, {
    prepare: (pass) => stepper.inference(pass),
    forward: {},
  });
  async function* counted<I>(images: Iterable<I> | AsyncIterable<I>): AsyncGenerator<I> {
    for await (const image of images) {
      seen++;
      yield image;
    }
  }
  const through: ValidationSegmenter = {
    ...own,
    segment: (images, how) => own.segment(counted(images), how),
  };
  return { through, seen: () => seen };
}

test('best, typical and worst images are drawn, and the figures are those of all', async () => {
  const scenes = syntheticScenes({ size: 32, train: 1, val: 14 });
  const list = await scenes.list('val');
  const { through, seen } = countedSegmenter();
  const all: [id: string, iou: number][] = [];
  const expected = await evaluate(through, list, {
    ...options,
    onPanel: ({ photograph, iou }) => all.push([photograph.id, iou]),
  });
  expect(seen()).toBe(14);
  const { evaluation, panels } = await evaluateWithPanels(through, list, options);
  expect(seen()).toBe(14 + 14 + 9);
  expect(evaluation).toEqual(expected);
  const ranked = all.sort(([, a], [, b]) => b - a);
  const shown = [...ranked.slice(0, 3), ...ranked.slice(5, 8), ...ranked.slice(-3)];
  expect(panels.map(({ id, iou }) => [id, iou])).toEqual(shown);
  for (const { pictures } of panels)
    expect(Object.keys(pictures).sort()).toEqual(['cam', 'camAux', 'image', 'seg', 'truth']);
});

test('of few images all are drawn; nothing is left behind', async () => {
  const list = await syntheticScenes({ size: 32, train: 1, val: 5 }).list('val');
  const { through, seen } = countedSegmenter();
  await expectNoLeak(async () => {
    const before = seen();
    const { panels } = await evaluateWithPanels(through, list, { ...options, limit: 4 });
    expect(panels.length).toBe(4);
    expect(seen() - before).toBe(8);
    return {};
  });
});
