import { afterAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { sampleList, type SampleList } from '../../src/dataset.js';
import type { Enrichment } from '../../src/loader/enrichment.js';
import { trainingLoader, type TrainingLoaderOptions } from '../../src/loader/training-loader.js';
import type { TrainingBatch } from '../../src/loader/training-batch.js';
import { syntheticScenes } from '../../src/synthetic/synthetic-scenes.js';
import { defaultViewOptions } from '../../src/views/view-options.js';
import { temporaryFolder, writeTree } from '../folder.js';

// Worker threads run the built package: `pnpm exec tsc -b packages/datasets` comes first.
const folder = await temporaryFolder();
const views = { ...defaultViewOptions, cropSize: 48 };
const base: TrainingLoaderOptions = { batchSize: 3, seed: 5, views, endIteration: 8 };
const scenes = await syntheticScenes({ size: 64, train: 14 }).list('train');
const enrichment = (name: string, options: unknown = {}): Enrichment => ({
  module: new URL('./enrichments.mjs', import.meta.url).href,
  export: name,
  options,
});

async function collect(list: SampleList, options: TrainingLoaderOptions): Promise<TrainingBatch[]> {
  const batches = [];
  for await (const batch of trainingLoader(list, options)) batches.push(batch);
  return batches;
}

function digest(batches: readonly TrainingBatch[]): unknown {
  return batches.map((batch) => ({
    ...batch,
    images: Buffer.from(batch.images.buffer).toString('base64'),
    globalView: Buffer.from(batch.globalView.buffer).toString('base64'),
    localSource: Buffer.from(batch.localSource.buffer).toString('base64'),
    cropNoise: Buffer.from(batch.cropNoise.buffer).toString('base64'),
  }));
}

describe('trainingLoader', () => {
  const inline = collect(scenes, { ...base, workers: 0 });

  test('batches have their shapes, normalised values and labels', async () => {
    const [batch] = await inline;
    expect(batch).toMatchObject({ iteration: 0, epoch: 0, cropSize: 48, enriched: [] });
    expect(new Set(batch!.ids).size).toBe(3);
    for (const view of [batch!.images, batch!.globalView, batch!.localSource]) {
      expect(view).toHaveLength(3 * 48 * 48 * 3);
      const mean = view.reduce((sum, v) => sum + v, 0) / view.length;
      expect(Math.abs(mean)).toBeLessThan(2.2);
    }
    expect(batch!.labels).toHaveLength(3 * 6);
    expect(batch!.imgBox).toHaveLength(12);
    expect(batch!.cropNoise).toHaveLength(3 * 48 * 48);
    const first = scenes.sample(Number(batch!.ids[0]!.slice(-5)));
    expect(batch!.labels.slice(0, 6)).toEqual(Float32Array.from(first.labels));
  });

  test.each([1, 2])('%d threads give the same batches as none', async (workers) => {
    expect(digest(await collect(scenes, { ...base, workers }))).toEqual(digest(await inline));
  });

  test('a resumed run goes on with the same batches', async () => {
    const rest = await collect(scenes, { ...base, workers: 1, startIteration: 5 });
    expect(rest.map(({ iteration }) => iteration)).toEqual([5, 6, 7]);
    expect(digest(rest)).toEqual(digest((await inline).slice(5)));
  });

  test('epochs show an image in different views; another seed gives other batches', async () => {
    const batches = await inline;
    const appearances = batches.flatMap((batch) =>
      batch.ids.map((id, i) => ({ id, view: String(batch.images.slice(i * 6912, i * 6912 + 60)) })),
    );
    const repeated = appearances.filter(
      ({ id }) => appearances.filter((other) => other.id === id).length > 1,
    );
    expect(repeated.length).toBeGreaterThan(8);
    expect(new Set(appearances.map(({ view }) => view)).size).toBe(appearances.length);
    const other = await collect(scenes, { ...base, workers: 0, seed: 6, endIteration: 1 });
    expect(digest(other)).not.toEqual(digest(batches.slice(0, 1)));
  });
});

describe('enrichment', () => {
  test('is computed from the sample in the worker thread, with its options', async () => {
    const options = { ...base, endIteration: 2, enrichment: enrichment('sumOfView', { factor: 2 }) };
    for (const workers of [0, 1]) {
      for (const batch of await collect(scenes, { ...options, workers })) {
        expect(batch.enriched).toHaveLength(3);
        (batch.enriched as { sum: number; values: Float32Array; threadId: number }[]).forEach(
          (enriched, i) => {
            const view = batch.images.subarray(i * 6912, (i + 1) * 6912);
            expect(enriched.sum).toBe(view.reduce((sum, v) => sum + v, 0) * 2);
            expect([...enriched.values]).toEqual([...view.subarray(0, 3)]);
            expect(enriched.threadId > 0).toBe(workers > 0);
          },
        );
      }
    }
  });

  test('no thread holds TensorFlow', async () => {
    // The harness of this very test imports TensorFlow.js: the trace that is looked for exists.
    await import('@toco/testing');
    expect('_tfGlobals' in globalThis).toBe(true);
    const [batch] = await collect(scenes, {
      ...base,
      workers: 1,
      endIteration: 1,
      enrichment: enrichment('tensorFlowTraces'),
    });
    expect(batch!.enriched[0]).toMatchObject({ global: false, modules: [] });
    expect((batch!.enriched[0] as { threadId: number }).threadId).toBeGreaterThan(0);
  });

  test.each([
    ['fails', /^train-\d{5}: no lattice today$/],
    ['nothing', /enrichments\.mjs exports no function "nothing"$/],
    ['endsThread', /^a worker thread ended unexpectedly$/],
  ])('%s ends the loader with one line', async (name, message) => {
    const options = { ...base, workers: 2, enrichment: enrichment(name) };
    await expect(collect(scenes, options)).rejects.toThrow(message);
  });

  test('a module that does not exist', async () => {
    const options = { ...base, workers: 1, enrichment: { module: 'file:///nowhere.mjs', export: 'x' } };
    await expect(collect(scenes, options)).rejects.toThrow(
      /^file:\/\/\/nowhere\.mjs can't be imported: [^\n]+$/,
    );
  });
});

describe('ending', () => {
  test.each([0, 2])('a bad image ends a loader of %d threads at its batch, named', async (workers) => {
    const jpeg = await sharp({ create: { width: 90, height: 60, channels: 3, background: '#468' } })
      .jpeg()
      .toBuffer();
    await writeTree(folder, { 'good.jpg': jpeg, 'cut.jpg': jpeg.subarray(0, jpeg.length - 60) });
    const samples = Array.from({ length: 12 }, (_, i) => ({
      id: String(i),
      image: { path: join(folder, i === 7 ? 'cut.jpg' : 'good.jpg') },
      labels: Uint8Array.of(1),
    }));
    const loader = trainingLoader(sampleList('some', ['cat'], samples), {
      ...base,
      workers,
      endIteration: 4,
    });
    let batches = 0;
    const iterate = async (): Promise<void> => {
      for await (const batch of loader) {
        expect(batch.ids).not.toContain('7');
        batches++;
      }
    };
    await expect(iterate()).rejects.toThrow(`${join(folder, 'cut.jpg')}: the image is cut short`);
    expect(batches).toBeLessThan(4);
    expect(await loader.next()).toEqual({ done: true, value: undefined });
  });

  test('leaving the loop, closing twice and closing while waiting end it', async () => {
    const loader = trainingLoader(scenes, { ...base, workers: 2, endIteration: 1000 });
    for await (const batch of loader) if (batch.iteration === 1) break;
    expect(await loader.next()).toEqual({ done: true, value: undefined });
    await loader.close();

    const waiting = trainingLoader(scenes, { ...base, workers: 1, prefetch: 0 });
    const next = waiting.next();
    await waiting.close();
    await waiting.close();
    expect((await next).done).toBe(true);
  });

  test('a loader that nobody closes does not keep a program alive', async () => {
    const built = pathToFileURL(join(import.meta.dirname, '../../dist/index.js')).href;
    const program = `
      import { syntheticScenes, trainingLoader } from '${built}';
      const list = await syntheticScenes({ size: 32 }).list('train');
      const loader = trainingLoader(list, { batchSize: 2, seed: 0, workers: 2 });
      console.log((await loader.next()).value.iteration);`;
    await writeTree(folder, { 'program.mjs': program });
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [join(folder, 'program.mjs')], { timeout: 50_000 });
    expect(stdout).toBe('0\n');
  });

  test('a number of threads that is none is refused', () => {
    expect(() => trainingLoader(scenes, { ...base, workers: -1 })).toThrow(
      'workers must be a whole number of threads',
    );
    expect(() => trainingLoader(scenes, { ...base, batchSize: 99 })).toThrow(
      '14 samples do not fill one batch of 99',
    );
  });
});

const handles = process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
afterAll(() => {
  expect(
    process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length,
  ).toBeLessThanOrEqual(handles);
});
