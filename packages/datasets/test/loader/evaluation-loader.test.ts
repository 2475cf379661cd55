import { describe, expect, test } from '@jest/globals';
import { sampleList } from '../../src/dataset/dataset.js';
import { loadEvaluationSample, type EvaluationSample } from '../../src/loader/evaluation-sample.js';
import { evaluationLoader, type EvaluationLoaderOptions } from '../../src/loader/evaluation-loader.js';
import { syntheticScenes } from '../../src/synthetic/synthetic-scenes.js';

const list = await syntheticScenes({ size: 64, val: 9 }).list('val');

async function collect(options: EvaluationLoaderOptions): Promise<EvaluationSample[]> {
  const samples = [];
  for await (const sample of evaluationLoader(list, options)) samples.push(sample);
  return samples;
}

describe('evaluationLoader', () => {
  test.each([0, 1, 2])(
    '%d threads: all samples in order, squashed, masks at their own size',
    async (workers) => {
      const samples = await collect({ size: 40, workers });
      expect(samples.map(({ id }) => id)).toEqual(Array.from({ length: 9 }, (_, i) => list.sample(i).id));
      const alone = await loadEvaluationSample(list.sample(4), { size: 40 });
      expect(samples[4]!.image).toEqual(alone.image);
      expect(Buffer.from(samples[4]!.mask!.data)).toEqual(Buffer.from(alone.mask!.data));
      expect(samples[4]!.mask!.data).toHaveLength(samples[4]!.mask!.width * samples[4]!.mask!.height);
      expect(samples[4]!.image).toHaveLength(40 * 40 * 3);
    },
  );

  test('some of the samples, at their own size', async () => {
    const samples = await collect({ indices: [5, 2], workers: 1, withMask: false });
    expect(samples.map(({ id }) => id)).toEqual([list.sample(5).id, list.sample(2).id]);
    expect(samples[0]!.image).toHaveLength(samples[0]!.width * samples[0]!.height * 3);
    expect(samples[0]!.width).not.toBe(samples[0]!.height);
  });

  test('an index beyond the list and an image without mask end it with one line', async () => {
    await expect(collect({ indices: [0, 9], workers: 1 })).rejects.toThrow(
      'list val has 9 samples, none at 9',
    );
    const { mask, ...bare } = list.sample(0);
    expect(mask).toBeDefined();
    const next = evaluationLoader(sampleList('bare', ['cat'], [bare]), { workers: 1 }).next();
    await expect(next).rejects.toThrow('val-00000: the data set has no mask for this image');
  });

  test.each([0, 1])(
    'one that can not be used is passed over where that is taken, %d threads',
    async (workers) => {
      const { mask, ...bare } = list.sample(0);
      expect(mask).toBeDefined();
      const some = sampleList('some', list.classes, [
        list.sample(1),
        bare,
        list.sample(2),
        { ...bare, id: 'last' },
      ]);
      const passed: string[] = [];
      const ids: string[] = [];
      const onUnreadable = ({ message }: { message: string }): number => passed.push(message);
      for await (const { id } of evaluationLoader(some, { workers, onUnreadable })) ids.push(id);
      expect(ids).toEqual([list.sample(1).id, list.sample(2).id]);
      expect(passed).toEqual([
        'val-00000: the data set has no mask for this image',
        'last: the data set has no mask for this image',
      ]);
    },
  );
});
