import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { corrections, correctionsOf } from '@toco/core';
import { syntheticScenes } from '@toco/datasets';
import { readCheckpointHeader } from '@toco/weights';
import { loadConfig, parseConfig } from '@toco/trainer';
import { resumedConfig } from '../../src/config/resumed-config.js';
import { adviceFor } from '../../src/checkpoints/advice.js';
import { readCheckpointInfo } from '../../src/checkpoints/checkpoint.js';
import { runChanges } from '../../src/run/run-changes.js';
import { trainingBatches } from '../../src/data/training-batches.js';

async function yaml(text: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'toco-behavior-')), 'config.yaml');
  await writeFile(path, text);
  return path;
}

describe('settings', () => {
  test('change one correction and leave the others as the word in the file has them', async () => {
    const file = await yaml('behavior: reference\n');
    const { behavior } = await loadConfig(file, ['behavior.tokenBox=corrected']);
    expect(behavior).toEqual({ ...correctionsOf('reference'), tokenBox: 'corrected' });
  });

  test('come one after the other', async () => {
    const { behavior } = await loadConfig(undefined, ['behavior=reference', 'oddSizes=corrected']);
    expect(behavior).toEqual({ ...correctionsOf('reference'), oddSizes: 'corrected' });
    const last = await loadConfig(undefined, ['oddSizes=reference', 'behavior=corrected']);
    expect(last.behavior).toEqual(correctionsOf('corrected'));
  });

  test('a configuration of an earlier version is read as it was meant', async () => {
    const { behavior } = await loadConfig(await yaml('behavior: reference\noddSizes: corrected\n'));
    expect(behavior).toEqual({ ...correctionsOf('reference'), oddSizes: 'corrected' });
  });
});

describe('a checkpoint of an earlier version', () => {
  /** The checkpoint's own words: one for four corrections, odd sizes apart, and none of the keys that came later. */
  async function oldCheckpoint(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'toco-old-'));
    const { par, ptc: _ptc, views, ...rest } = parseConfig({});
    const config = {
      ...rest,
      behavior: 'reference',
      oddSizes: 'corrected',
      par: { iterations: par.iterations, dilations: par.dilations },
      views: { cropSize: views.cropSize, scale: views.scale, flip: views.flip },
    };
    const state = { iteration: 40, backbone: 'deit_base_patch16_224', classes: ['cat'], config };
    await writeFile(join(folder, 'state.json'), JSON.stringify(state));
    return folder;
  }

  test('has its behavior spelled out', async () => {
    const { config } = await readCheckpointHeader(await oldCheckpoint());
    expect(config).toMatchObject({ behavior: { ...correctionsOf('reference'), oddSizes: 'corrected' } });
    expect(config).not.toHaveProperty('oddSizes');
  });

  test('is resumed without a word about keys that it did not know', async () => {
    const folder = await oldCheckpoint();
    const before = await readCheckpointInfo(folder);
    const now = await resumedConfig(before.config, { settings: [] });
    expect(now).toEqual(parseConfig({ behavior: { ...correctionsOf('reference'), oddSizes: 'corrected' } }));
    const info = { backbone: before.backbone, classes: before.classes };
    expect(runChanges({ folder, advice: adviceFor() }, before, { ...info, config: now })).toEqual([]);
    const changed = await resumedConfig(before.config, { settings: ['behavior.lateFlip=corrected'] });
    expect(runChanges({ folder, advice: adviceFor() }, before, { ...info, config: changed })).toEqual([
      'Changed from iteration 40 on: behavior.lateFlip is "corrected", was "reference".',
    ]);
  });
});

test('the views of a batch depend on the late flip and on no other correction', async () => {
  const { data } = await syntheticImages();
  const arraysOf = async (behavior: Parameters<typeof correctionsOf>[0]): Promise<string> => {
    const batches = trainingBatches(data, {
      backbone: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
      config: { reg: parseConfig({}).reg, behavior: correctionsOf(behavior) },
      ...{ cropSize: 32, batchSize: 4, seed: 0, workers: 0, endIteration: 1 },
    });
    const feed = (await batches.next()).value!;
    await batches.close();
    return JSON.stringify(feed, (_, value: unknown) =>
      ArrayBuffer.isView(value)
        ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
        : value,
    );
  };
  const corrected = await arraysOf('corrected');
  const reference = await arraysOf('reference');
  expect(reference).not.toBe(corrected);
  for (const name of corrections)
    expect(await arraysOf({ [name]: 'reference' })).toBe(name === 'lateFlip' ? reference : corrected);
});

async function syntheticImages() {
  const scenes = syntheticScenes({ train: 4, val: 1, size: 48 });
  return { data: await scenes.list('train') };
}
