import { describe, expect, test } from '@jest/globals';
import { configChanges } from '@toco/method';
import type { Config } from '@toco/trainer';
import { figures } from '../src/figures.js';
import { cropNotes, isTrainable } from '../src/make-table.js';
import { canRun, plannedRun } from '../src/planned-run.js';
import { presetNames, presets } from '../src/presets.js';
import { type RunName, runs } from '../src/runs.js';
import { tables } from '../src/tables.js';

const options = { out: 'runs', set: [] };

describe.each(presetNames)('rows of the preset %s', (name) => {
  const preset = presets[name];
  const names = (Object.keys(runs) as RunName[]).filter((run) => canRun(run, preset));
  const configOf = async (run: RunName): Promise<Config> =>
    (await plannedRun(run, 0, { ...options, preset })).config;

  test('are accepted as configurations, and each but ToCo differs from it', async () => {
    const toco = await configOf('toco');
    for (const run of names) {
      const changes = configChanges(toco, await configOf(run));
      expect({ run, differs: changes.length > 0 }).toEqual({ run, differs: run !== 'toco' });
    }
    expect(names.includes('toco-imagenet-21k')).toBe(name === 'voc' || name === 'coco');
  });

  test('have local crops of whole patches, of which the third is the default', async () => {
    const { backbone, localCrops } = await configOf('toco');
    const patch = Number(/patch(\d+)/.exec(backbone.name)![1]);
    for (const size of preset.cropSizes) expect(size % patch).toBe(0);
    expect([...preset.cropSizes].sort((a, b) => a - b)).toEqual(preset.cropSizes);
    expect(localCrops.size).toBe(preset.cropSizes[2]);
  });

  test('leave out the terms that table 4 leaves out, one more in each row', async () => {
    const weighed = await Promise.all(
      tables
        .find(({ number }) => number === 4)!
        .rows.map(async ({ run }) => {
          const { phases } = await configOf(run);
          expect(phases[0]!.from).toBe(0);
          return Object.entries(phases.at(-1)!.weights)
            .filter(([, weight]) => weight > 0)
            .map(([term]) => term);
        }),
    );
    const terms = ['cls', 'clsAux', 'ptc', 'ctc', 'seg', 'reg'];
    expect(weighed).toEqual(terms.map((_, i) => terms.slice(0, i + 1)));
    expect((await configOf('cls')).phases).toHaveLength(1);
  });

  test('keep their schedule at another length', async () => {
    const [long, short] = await Promise.all(
      [undefined, 40].map(async (iterations) => plannedRun('toco', 3, { ...options, preset, iterations })),
    );
    expect(short!.config.optimizer.iterations).toBe(40);
    expect(short!.config.seed).toBe(3);
    const shares = ({ phases, optimizer }: Config): number[] =>
      phases.map(({ from }) => from / optimizer.iterations);
    shares(short!.config).forEach((share, i) =>
      expect(Math.abs(share - shares(long!.config)[i]!)).toBeLessThan(0.03),
    );
    const weights = ({ phases }: Config): unknown => phases.map((phase) => phase.weights);
    expect(weights(short!.config)).toEqual(weights(long!.config));
    expect(40 % short!.config.evaluation.every).toBe(0);
  });
});

test('every run is shown by a table or a figure, and figures show what every preset trains', () => {
  const inTables = tables.flatMap(({ rows }) => rows.map(({ run }) => run));
  const inFigures = figures.flatMap(({ shows }) => shows.map(({ run }) => run));
  expect(new Set<string>([...inTables, ...inFigures])).toEqual(new Set(Object.keys(runs)));
  for (const name of presetNames) for (const run of inFigures) expect(canRun(run, presets[name])).toBe(true);
});

test('a preset trains the rows of its data set', () => {
  const table = tables.find(({ number }) => number === 2)!;
  const trained = presetNames.map((name) =>
    table.rows.filter((row) => isTrainable(row, presets[name])).map(({ names }) => names.slice(1).join(' ')),
  );
  expect(trained).toEqual([
    ['VOC DeiT-B', 'VOC ViT-B'],
    ['COCO DeiT-B', 'COCO ViT-B'],
    ['VOC DeiT-B'],
    ['VOC DeiT-B'],
  ]);
});

test('rows of local crops say how large those of the preset are', async () => {
  const preset = presets.scenes;
  const sources = { preset, trained: [await plannedRun('toco', 0, { ...options, preset })] };
  const notesOf = (number: number): string[] =>
    cropNotes(
      tables.find((table) => table.number === number)!,
      sources,
    );
  expect(notesOf(5)).toEqual([
    'Local crops of this preset, in the order of the rows: 16, 24, 32, 40 px of views of 96 px.',
  ]);
  expect(notesOf(4)).toEqual([]);
});

test('a wrong setting is one line that names the key', async () => {
  const wrong = plannedRun('toco', 0, { ...options, preset: presets.scenes, set: ['localCrops.sise=8'] });
  await expect(wrong).rejects.toThrow(/localCrops\.sise/);
});
