import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '@toco/trainer';
import sharp from 'sharp';
import { configText } from '../src/init/config-text.js';
import { gpuMemoryOf, recipeFor } from '../src/init/recipe.js';
import { inTemporaryFolder, toco } from './run-toco.js';

const GB = 1e9;

describe('recipes', () => {
  test.each([
    ['two cores', { memory: 12 * GB, cores: 2 }, 'deit_tiny_patch16_224', 224, 4],
    ['little memory', { memory: 2 * GB, cores: 64 }, 'deit_tiny_patch16_224', 224, 2],
    ['a workstation', { memory: 30 * GB, cores: 16 }, 'deit_small_patch16_224', 448, 4],
    ['a small GPU', { memory: 8 * GB, cores: 2, gpuMemory: 4 * GB }, 'deit_tiny_patch16_224', 224, 4],
    ['a large GPU', { memory: 8 * GB, cores: 2, gpuMemory: 80 * GB }, 'deit_base_patch16_224', 448, 4],
  ])('%s', (_name, machine, backbone, cropSize, batchSize) => {
    expect(recipeFor(machine, 100)).toMatchObject({ backbone, cropSize, batchSize });
  });

  test('more is never less', () => {
    const size = (cores: number, memory: number): number => {
      const { backbone, cropSize, batchSize } = recipeFor({ cores, memory }, 100);
      return (
        ['tiny', 'small', 'base'].findIndex((name) => backbone.includes(name)) * 1e6 +
        cropSize * 100 +
        batchSize
      );
    };
    for (const cores of [1, 2, 8, 16, 32, 128]) {
      const sizes = [1, 2, 4, 6, 8, 12, 16, 64].map((memory) => size(cores, memory * GB));
      expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    }
  });

  test('schedules: few images are seen more often, and VOC as often as in the paper', () => {
    const machine = { memory: 100 * GB, cores: 64 };
    expect(recipeFor(machine, 10).iterations).toBe(1200);
    expect(recipeFor(machine, 10_582).iterations).toBe(20_000);
    expect(recipeFor(machine, 1e6).iterations).toBe(20_000);
    expect(recipeFor(machine, 10)).toMatchObject({ warmup: 90, segmentFrom: 121 });
  });

  test('a batch is never larger than the list of images', () => {
    const machine = { memory: 100 * GB, cores: 64 };
    expect([1, 3, 4, 5].map((images) => recipeFor(machine, images).batchSize)).toEqual([1, 3, 4, 4]);
  });

  test("the GPU's memory, as its program prints it", () => {
    expect(gpuMemoryOf('NVIDIA A100-SXM4-40GB, 40960 MiB')).toBe(40_960 * 2 ** 20);
    expect(gpuMemoryOf('Orin (nvgpu), [N/A]')).toBeUndefined();
  });
});

test('every recipe is a configuration, whatever folders and classes are called', async () => {
  await inTemporaryFolder(async (folder) => {
    const file = join(folder, 'toco.yaml');
    for (const memory of [1, 5, 7, 13, 20]) {
      const recipe = recipeFor({ memory: memory * GB, cores: 64 }, 555);
      const data = {
        root: ': #"\'\n- x',
        layout: 'folder',
        classes: ['a\nbatchSize: 99', 'b'],
        train: 5,
        val: 2,
        masks: 1,
      };
      writeFileSync(file, configText(recipe, data, '2 cores'));
      const config = await loadConfig(file, []);
      expect(config).toMatchObject({
        data: { root: data.root, dataset: 'folder' },
        backbone: { name: recipe.backbone, weights: recipe.weights },
        batchSize: recipe.batchSize,
        optimizer: { iterations: recipe.iterations, warmup: recipe.warmup },
        phases: [{ from: 0 }, { from: recipe.segmentFrom }],
        run: { checkpointEvery: recipe.iterations / 20 },
      });
      expect(config.evaluation.every).toBeGreaterThan(0);
    }
  });
});

test('toco init: a folder, a file, and never over another file', async () => {
  await inTemporaryFolder(async (folder) => {
    const root = join(folder, 'my photos');
    for (const name of ['cat/1', 'cat/2', 'dog/3', 'dog/4']) {
      mkdirSync(join(root, name, '..'), { recursive: true });
      await sharp({ create: { width: 16, height: 16, channels: 3, background: '#864' } })
        .jpeg()
        .toFile(join(root, `${name}.jpg`));
    }
    const out = join(folder, 'mine.yaml');
    const written = await toco(['init', root, '--out', out]);
    expect(written).toMatchObject({ status: 0, stderr: '' });
    expect(written.stdout).toMatch(
      /mine\.yaml: deit_\w+_patch16_224 at \d+ pixels, 1200 iterations of \d images\.\nTrain: toco train --config \S+ --out 'runs\/my photos'\n/,
    );
    const text = readFileSync(out, 'utf8');
    expect(text).toMatch(/^ {2}# 2 classes: cat, dog$/m);
    expect(text).toMatch(/# 3 images for training, 1 for validation \(none of them has a mask/);
    const config = await loadConfig(out, []);
    expect(config.data.root).toBe(root);
    expect(config.batchSize).toBeLessThanOrEqual(3);
    const again = await toco(['init', root, '--out', out]);
    expect(again).toEqual({
      ...{ status: 1, stdout: '' },
      stderr: `${out}: is there already, and stays as it is; name another file by --out\n`,
    });
    expect(readFileSync(out, 'utf8')).toBe(text);
    expect((await toco(['init', join(folder, 'none'), '--out', join(folder, 'x.yaml')])).stderr).toMatch(
      /none: no such folder; name the folder of the data set\n$/,
    );
  });
});
