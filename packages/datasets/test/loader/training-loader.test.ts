import { afterAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { sampleList, type SampleList } from '../../src/dataset/dataset.js';
import type { Enrichment } from '../../src/loader/enrichment.js';
import { trainingLoader, type TrainingLoaderOptions } from '../../src/loader/training-loader.js';
import type { UnreadableSample } from '../../src/loader/substitution.js';
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
    images: bytesOf(batch.images),
    globalView: bytesOf(batch.globalView),
    localSource: bytesOf(batch.localSource),
    cropNoise: bytesOf(batch.cropNoise),
    lattice: batch.lattice && {
      ...batch.lattice,
      offsets: bytesOf(batch.lattice.offsets),
      weights: bytesOf(batch.lattice.weights),
      neighbors: bytesOf(batch.lattice.neighbors),
    },
  }));
}

/** What an array holds now, whatever is written into its memory later. */
function bytesOf({ buffer }: Float32Array | Int32Array): string {
  return Buffer.from(buffer).toString('base64');
}

describe('trainingLoader', () => {
  const inline = collect(scenes, { ...base, workers: 0 });

  test('batches have their shapes, normalized values and labels', async () => {
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

  test.each([0, 1, 2])('batches that are given back change no later one (%d threads)', async (workers) => {
    const lattice = { sigmaXy: 100, sigmaRgb: 15, ...views.normalization };
    const options = { ...base, lattice, workers };
    const expected = digest(await collect(scenes, options));
    const loader = trainingLoader(scenes, options);
    const seen: unknown[] = [];
    const buffers = new Set<unknown>();
    for await (const batch of loader) {
      buffers.add(batch.images.buffer);
      seen.push(...(digest([batch]) as unknown[]));
      loader.giveBack(batch);
      loader.giveBack(batch); // the second time says nothing new
    }
    expect(seen).toEqual(expected);
    // As arrays of the same memory are other objects in every thread: their contents tell whether it is the same.
    const last = [...buffers].at(-1);
    expect(last instanceof SharedArrayBuffer).toBe(workers > 0);
    if (workers === 0) expect(buffers.size).toBe(1);
  });

  test('a batch that is not given back stays as it is', async () => {
    const loader = trainingLoader(scenes, { ...base, workers: 1 });
    const kept: TrainingBatch[] = [];
    for await (const batch of loader) {
      if (batch.iteration % 2 === 0) loader.giveBack(batch);
      else kept.push(batch);
    }
    const odd = (await inline).filter(({ iteration }) => iteration % 2 === 1);
    expect(digest(kept)).toEqual(digest(odd));
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
    [
      'fails',
      /^enrichment: fails of \/.*enrichments\.mjs failed on the image train-\d{5}: no lattice today \(line 14:9\); correct the function\.$/,
    ],
    [
      'nothing',
      /^enrichment: .*enrichments\.mjs exports no function "nothing"; it exports .*\bfails, sumOfView, [^\n]+\.$/,
    ],
    ['endsThread', /^a worker thread ended unexpectedly$/],
  ])('%s ends the loader with one line', async (name, message) => {
    const options = { ...base, workers: 2, enrichment: enrichment(name) };
    await expect(collect(scenes, options)).rejects.toThrow(message);
  });

  test('a module that does not exist', async () => {
    const options = { ...base, workers: 1, enrichment: { module: 'file:///nowhere.mjs', export: 'x' } };
    await expect(collect(scenes, options)).rejects.toThrow(
      /^enrichment: file:\/\/\/nowhere\.mjs can't be imported: [^\n]+; give the URL of a JavaScript module, such as new URL\('\.\/arrays\.js', import\.meta\.url\)\.href\.$/,
    );
  });
});

describe('images that can not be read', () => {
  const listOf = (count: number, bad: readonly number[]): SampleList =>
    sampleList(
      'some',
      ['cat'],
      Array.from({ length: count }, (_, i) => ({
        id: String(i),
        image: { path: join(folder, 'photographs', bad.includes(i) ? 'cut.jpg' : `${i % 5}.jpg`) },
        labels: Uint8Array.of(1),
      })),
    );
  const written = (async () => {
    const files: [string, Uint8Array][] = [];
    for (let i = 0; i < 5; i++) {
      const jpeg = await sharp({ create: { width: 90, height: 60, channels: 3, background: `#46${i}` } })
        .jpeg()
        .toBuffer();
      files.push([`photographs/${i}.jpg`, jpeg], ['photographs/cut.jpg', jpeg.subarray(0, jpeg.length - 60)]);
    }
    await writeTree(folder, Object.fromEntries(files));
  })();

  /** Batches of a list, what was told meanwhile, and the error that ended it. */
  async function run(
    list: SampleList,
    options: Partial<TrainingLoaderOptions>,
  ): Promise<{ batches: TrainingBatch[]; told: UnreadableSample[]; counted: number; error: string }> {
    await written;
    const told: UnreadableSample[] = [];
    const loader = trainingLoader(list, {
      ...base,
      workers: 0,
      onUnreadable: (sample) => told.push(sample),
      ...options,
    });
    const batches: TrainingBatch[] = [];
    let error = '';
    try {
      for await (const batch of loader) batches.push(batch);
    } catch (thrown) {
      error = (thrown as Error).message;
    }
    return { batches, told, counted: loader.unreadable().length, error };
  }

  test('others take their place; each is told once; threads and resuming change nothing', async () => {
    const list = listOf(15, [2, 7, 11]);
    const whole = await run(list, { endIteration: 15 });
    expect(whole.error).toBe('');
    expect(whole.told.map(({ id }) => id).sort()).toEqual(['11', '2', '7']);
    expect(whole.told[0]!.message).toBe(
      `${join(folder, 'photographs', 'cut.jpg')}: the image is cut short (VipsJpeg: premature end of JPEG image)`,
    );
    expect(whole.counted).toBe(3);
    for (const batch of whole.batches) {
      expect(batch.ids).toHaveLength(3);
      expect(batch.ids.filter((id) => ['2', '7', '11'].includes(id))).toEqual([]);
    }
    const untouched = await run(listOf(15, []), { endIteration: 15 });
    const replaced = whole.batches.flatMap(({ ids }, i) =>
      ids.filter((id, b) => id !== untouched.batches[i]!.ids[b]),
    );
    expect(replaced).toHaveLength(9);
    expect(new Set(replaced).size).toBeGreaterThan(3);
    const threads = await run(list, { endIteration: 15, workers: 2 });
    expect(digest(threads.batches)).toEqual(digest(whole.batches));
    expect(threads.told).toEqual(whole.told);
    const resumed = await run(list, { endIteration: 15, startIteration: 8 });
    expect(digest(resumed.batches)).toEqual(digest(whole.batches.slice(8)));
  });

  test('batches of another size see the same images at the same places of an epoch', async () => {
    const list = listOf(12, [1, 5]);
    const ids = async (batchSize: number): Promise<string[]> =>
      (await run(list, { batchSize, endIteration: 24 / batchSize })).batches.flatMap((batch) => batch.ids);
    expect(await ids(2)).toEqual(await ids(6));
  });

  test.each([0, 2])('more than both limits end it at their batch, %i threads', async (workers) => {
    const bad = Array.from({ length: 12 }, (_, i) => i * 2);
    const list = listOf(40, bad);
    const ended = await run(list, { endIteration: 14, workers });
    expect(ended.error).toMatch(
      /^11 of 40 images \(27\.5 %\) can't be read, the last is .*cut\.jpg: the image is cut short .*; more than 10 and more than 1 % end the run\. Replace or remove them \(toco check names them\)$/,
    );
    expect(ended.told).toHaveLength(11);
    expect(ended.batches.length).toBeLessThan(13);
    expect((await run(list, { endIteration: 14, workers, maxUnreadableShare: 0.3 })).error).toBe('');
    expect((await run(list, { endIteration: 14, workers, maxUnreadable: 12 })).error).toBe('');
  });

  test('a list of which nothing can be read ends, though the limits allow it', async () => {
    const ended = await run(listOf(3, [0, 1, 2]), {});
    expect(ended.error).toMatch(
      /cut\.jpg: the image is cut short .* \(nor could the images that were drawn in its place, \d+ tries\)$/,
    );
    expect(ended.batches).toEqual([]);
  });

  const kinds: [string, (path: string) => Promise<unknown>, RegExp][] = [
    ['a pipe', (path) => promisify(execFile)('mkfifo', [path]), /this is a pipe, not an ordinary file$/],
    ['a device', (path) => symlink('/dev/zero', path), /this is a device, not an ordinary file$/],
    ['a folder', (path) => mkdir(path), /this is a folder, not an ordinary file$/],
    ['nothing', () => Promise.resolve(), /the file does not exist$/],
    ['a link to itself', (path) => symlink(path, path), /the symbolic link leads to itself$/],
    ['a text', (path) => writeFile(path, 'no image'), /not a readable image \([^\n]+\)$/],
    ['an empty file', (path) => writeFile(path, ''), /not a readable image \([^\n]+\)$/],
    [
      'a PNG of absurd size',
      async (path) => {
        const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#123' } })
          .png()
          .toBuffer();
        png.writeUInt32BE(50_000, 16);
        png.writeUInt32BE(50_000, 20);
        png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
        await writeFile(path, png);
      },
      /the image has more than 134217728 pixels; make it smaller$/,
    ],
  ];
  test.each(kinds)('%s in the place of an image', async (name, make, message) => {
    const path = join(folder, `instead-${name.replaceAll(' ', '-')}.jpg`);
    await make(path);
    const list = listOf(6, []);
    const samples = Array.from({ length: 6 }, (_, i) => list.sample(i));
    samples[3] = { ...samples[3]!, image: { path } };
    const { told, error } = await run(sampleList('some', ['cat'], samples), { endIteration: 2 });
    expect(error).toBe('');
    expect(told).toHaveLength(1);
    expect(told[0]!.message).toMatch(message);
    expect(told[0]!.message.startsWith(path)).toBe(true);
  });
});

describe('ending', () => {
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
      '14 images do not fill one batch of 99',
    );
  });
});

const handles = process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
afterAll(() => {
  expect(
    process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length,
  ).toBeLessThanOrEqual(handles);
});
