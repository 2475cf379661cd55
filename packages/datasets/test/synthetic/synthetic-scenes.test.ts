import { describe, expect, test } from '@jest/globals';
import { decodeImage } from '../../src/image/decode-image.js';
import { decodeMask } from '../../src/image/decode-mask.js';
import { labelsOfMask } from '../../src/annotations/labels-from-mask.js';
import { randomStream } from '../../src/random/random.js';
import { defaultSceneOptions } from '../../src/synthetic/scene-options.js';
import { drawScene, kindOf } from '../../src/synthetic/scene.js';
import { bodyTextures } from '../../src/synthetic/bodies.js';
import { syntheticScenes } from '../../src/synthetic/synthetic-scenes.js';

describe('syntheticScenes', () => {
  test('masks hold exactly the classes of the labels, each with a visible share', async () => {
    const list = await syntheticScenes({ size: 96 }).list('train');
    const seen = new Uint8Array(6);
    for (let i = 0; i < 80; i++) {
      const sample = list.sample(i);
      const image = await decodeImage(sample.image);
      const mask = await decodeMask(sample.mask!, { numClasses: 6, image });
      expect(labelsOfMask(mask, 6)).toEqual(sample.labels);
      expect(mask.data.includes(255)).toBe(false);
      const counts = new Uint32Array(7);
      for (const label of mask.data) counts[label]!++;
      sample.labels.forEach((label, k) => {
        if (label === 1) expect(counts[k + 1]! / mask.data.length).toBeGreaterThan(0.015);
        seen[k]! += label;
      });
      expect(counts[0]! / mask.data.length).toBeGreaterThan(0.3);
    }
    expect(Math.min(...seen)).toBeGreaterThan(5);
  });

  test('masks are exact: who covers two thirds of a pixel has it', async () => {
    const data = syntheticScenes({ size: 80, postProbability: 0, classCounts: [1] });
    const list = await data.list('train');
    for (let i = 0; i < 12; i++) {
      const sample = list.sample(i);
      if (!('svg' in sample.mask!)) throw new Error('not drawn');
      const label = sample.labels.indexOf(1) + 1;
      const { svg } = sample.mask;
      const mask = await decodeMask(sample.mask, { numClasses: 6, image: await decodeImage(sample.image) });
      // The same shapes in white and smoothed: the value is the covered share of the pixel.
      const smooth = svg
        .replaceAll(`rgb(${label},${label},${label})`, '#fff')
        .replace('shape-rendering="crispEdges"', '');
      const cover = (await decodeImage({ name: 'cover', svg: smooth })).data;
      let wrong = 0;
      mask.data.forEach((value, at) => {
        if (cover[at * 3]! > 0.65 * 255 && value !== label) wrong++;
        if (cover[at * 3]! < 0.35 * 255 && value !== 0) wrong++;
      });
      expect(wrong).toBe(0);
    }
  });

  test('a scene depends on seed, list and index alone', async () => {
    const sample = async (seed: number, list: string, index: number): Promise<string> => {
      const data = await syntheticScenes({ seed, size: 64, train: 9, val: 9 }).list(list);
      return JSON.stringify(data.sample(index));
    };
    const first = await sample(0, 'train', 3);
    expect(await sample(0, 'train', 3)).toBe(first);
    for (const other of [
      await sample(1, 'train', 3),
      await sample(0, 'val', 3),
      await sample(0, 'train', 4),
    ]) {
      expect(other.replaceAll('val', 'train')).not.toBe(first);
    }
  });

  test('a subset of the classes, in another order', async () => {
    const data = syntheticScenes({ classes: ['fish', 'boat'], size: 64 });
    const sample = (await data.list('val')).sample(0);
    expect(sample.labels).toHaveLength(2);
    const mask = await decodeMask(sample.mask!, { numClasses: 2, image: await decodeImage(sample.image) });
    expect(labelsOfMask(mask, 2)).toEqual(sample.labels);
  });

  test('body colors tell something about the class, but not all', () => {
    const scenes = Array.from({ length: 1500 }, (_, i) => drawScene(randomStream(i), defaultSceneOptions));
    const objects = scenes.flatMap((scene) => scene.objects);
    const home = objects.filter(({ kind, paint }) => {
      const own = kindOf(defaultSceneOptions.classes, kind);
      const texture = bodyTextures.indexOf(paint.texture);
      return texture === own || texture === (own + 1) % 6;
    });
    // 0.9 by design, and a third of the rest by chance.
    expect(home.length / objects.length).toBeGreaterThan(0.915);
    expect(home.length / objects.length).toBeLessThan(0.95);
    const seen = objects.filter(({ striking }) => striking).length / objects.length;
    expect(Math.abs(seen - defaultSceneOptions.strikingProbability)).toBeLessThan(0.03);
    const counts = [1, 2, 3].map(
      (n) => scenes.filter((scene) => scene.objects.length === n).length / scenes.length,
    );
    counts.forEach((share, i) => {
      expect(Math.abs(share - defaultSceneOptions.classCounts[i]!)).toBeLessThan(0.06);
    });
  });

  test('one line for classes and lists that do not exist', async () => {
    expect(() => syntheticScenes({ classes: ['boat', 'tiger'] })).toThrow(
      'synthetic scenes: there is no class "tiger"; choose among boat, house, fish, mushroom, car, rocket',
    );
    expect(() => syntheticScenes({ classes: [] })).toThrow(/the list of classes is empty/);
    await expect(syntheticScenes().list('test')).rejects.toThrow(
      'there is no list "test"; there are train and val',
    );
  });
});
