import { beforeAll, expect, test } from '@jest/globals';
import { vit } from '@toco/backbone';
import { objectKinds, type SampleList, syntheticScenes } from '@toco/datasets';
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

/** Images in each pass through {@link watched}. */
const passes: number[] = [];
const watched: typeof network = {
  ...network,
  forward(params, images, how) {
    passes.push(images.shape[0]!);
    return network.forward(params, images, how);
  },
};

/** A segmenter that counts the images it is given. */
function countedSegmenter(list: SampleList): { through: ValidationSegmenter; seen: () => number } {
  let seen = 0;
  const state = initTrainState(network, network.init(3));
  const stepper = eagerStepper({ state } as StepperInputs<ReturnType<typeof backbone.init>>);
  const own = validationSegmenter(config, watched, {
    list,
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
  const { through, seen } = countedSegmenter(list);
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
  const { through, seen } = countedSegmenter(list);
  await expectNoLeak(async () => {
    const before = seen();
    const { panels } = await evaluateWithPanels(through, list, { ...options, limit: 4 });
    expect(panels.length).toBe(4);
    expect(seen() - before).toBe(8);
    return {};
  });
});

test.each([
  [1, 1],
  [9, 4],
])('of a list of %i images, passes hold at most %i and their mirror images', async (val, most) => {
  const list = await syntheticScenes({ size: 32, train: 1, val }).list('val');
  const { through } = countedSegmenter(list);
  passes.length = 0;
  await evaluateWithPanels(through, list, options);
  expect(Math.max(...passes)).toBe(2 * most);
});
