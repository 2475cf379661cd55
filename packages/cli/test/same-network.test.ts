import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sealedJson } from '@toco/files';
import sharp from 'sharp';
import { writeOwnNetwork } from './own-network.js';
import { tinyBackbone, tinyConfig, tinyRun, toco, type Outcome } from './run-toco.js';

const folder = mkdtempSync(join(tmpdir(), 'toco-same-'));
const run = join(folder, 'run');
const slow = ['--set', 'evaluation.average=slow'];
const none = ['--set', 'evaluation.average=none'];

beforeAll(async () => {
  const settings = ['engine.compile=false', 'averages.slow={ momentum: 0.9 }'];
  const outcome = await toco(['train', ...tinyRun, '--out', run, '--set', ...settings]);
  if (outcome.status !== 0) throw new Error(outcome.stderr);
}, 240_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Figures {
  readonly average?: string;
  readonly similarity: readonly number[];
  readonly columns: unknown;
  readonly hashes: { readonly checkpoint: string };
}

async function evaluated(named: string, ...args: string[]): Promise<Outcome & { figures: Figures }> {
  const outcome = await toco(['evaluate', named, '--json', ...args]);
  if (outcome.status !== 0) throw new Error(outcome.stderr);
  return { ...outcome, figures: JSON.parse(outcome.stdout) as Figures };
}

test('figures and masks of an average are not taken for those of the parameters themselves', async () => {
  const plain = await evaluated(run);
  const average = await evaluated(run, ...slow);
  expect(average.stderr).not.toContain('Already evaluated');
  expect(average.stderr).toMatch(/^Network \S*iteration-000008, average slow; list val /m);
  expect(average.figures.average).toBe('slow');
  expect(average.figures.similarity).not.toEqual(plain.figures.similarity);
  const again = await evaluated(run, ...none);
  expect(again.stderr).toContain('Already evaluated');
  expect(again.stdout).toBe(plain.stdout);

  const photograph = join(folder, 'photograph.png');
  const gray = { width: 48, height: 48, channels: 3, background: '#888' } as const;
  await sharp({ create: gray }).png().toFile(photograph);
  for (const args of [
    ['predict', run, photograph, '--out', join(folder, 'predicted')],
    ['label', run, '--limit', '2', '--out', join(folder, 'labels')],
  ]) {
    expect(await toco(args)).toMatchObject({ status: 0 });
    const other = await toco([...args, ...slow]);
    expect(other.status).toBe(1);
    expect(other.stderr).toMatch(/: holds results of another network; /);
  }
}, 240_000);

test('a model card has the figures of the average that it is of', async () => {
  const cardOf = async (...args: string[]): Promise<string> => {
    const out = mkdtempSync(join(folder, 'hub-'));
    const outcome = await toco(['export', run, '--format', 'hub', '--size', '48', '--out', out, ...args]);
    if (outcome.status !== 0) throw new Error(outcome.stderr);
    return readFileSync(join(out, 'README.md'), 'utf8');
  };
  const rows = (card: string): number => card.match(/^\| synthetic/gm)?.length ?? 0;
  await evaluated(run);
  await evaluated(run, ...slow);
  expect(readdirSync(join(run, 'evaluations'))).toHaveLength(2);
  expect(rows(await cardOf())).toBe(2); // of the last validation in training, and of the evaluation
  expect(rows(await cardOf(...slow))).toBe(1);
}, 240_000);

test('settings that change a run’s network change its figures', async () => {
  const plain = await evaluated(run);
  const dilated = await evaluated(run, '--set', 'network.decoderDilation=1');
  expect(dilated.stderr).not.toContain('Already evaluated');
  expect(dilated.figures.columns).not.toEqual(plain.figures.columns);
}, 120_000);

test('a weight file is computed as the configuration says, or as what was published says', async () => {
  const made = ['backbone.depth=4', 'backbone.positionResizing=bilinear', 'network.decoderDilation=1'];
  const named = ['backbone.name=vit_mini_patch8_96', ...made];
  const trained = join(folder, 'named');
  const common = ['engine.compile=false', 'optimizer.iterations=4', 'optimizer.warmup=0'];
  const train = ['train', '--config', tinyConfig, '--out', trained, '--set', ...common, ...named];
  const outcome = await toco(train);
  if (outcome.status !== 0) throw new Error(outcome.stderr);
  const expected = (await evaluated(trained)).figures;

  const file = join(trained, 'checkpoints/iteration-000004/model.safetensors');
  const out = ['--out', join(folder, 'evaluations'), '--config', tinyConfig];
  const eager = ['--set', 'engine.compile=false'];
  const told = await evaluated(file, ...out, ...eager, ...named);
  expect(told.figures.columns).toEqual(expected.columns);
  const other = await evaluated(file, ...out, ...eager, ...named, 'network.decoderDilation=5');
  expect(other.figures.columns).not.toEqual(expected.columns);

  const hub = join(folder, 'hub');
  const exported = await toco(['export', trained, '--format', 'hub', '--size', '48', '--out', hub]);
  expect(exported).toMatchObject({ status: 0 });
  expect(JSON.parse(readFileSync(join(hub, 'config.json'), 'utf8'))).toMatchObject({
    toco: {
      backbone: { name: 'vit_mini_patch8_96', depth: 4, positionResizing: 'bilinear' },
      network: { decoderDilation: 1 },
    },
  });
  const published = await evaluated(join(hub, 'model.safetensors'), ...out, ...eager);
  expect(published.figures.columns).toEqual(expected.columns);
}, 240_000);

test('a module that a configuration names makes the network of a weight file', async () => {
  const settings = [`backbone.module=${tinyBackbone}`, 'engine.compile=false'];
  const file = join(run, 'checkpoints/iteration-000008/model.safetensors');
  const out = ['--out', join(folder, 'evaluations')];
  const told = await evaluated(file, '--config', tinyConfig, ...out, '--set', ...settings);
  expect(told.figures.columns).toEqual((await evaluated(run)).figures.columns);
}, 120_000);

test("a network of one's own is trained, evaluated, and labels; results are those of its module", async () => {
  const place = mkdtempSync(join(folder, 'own-'));
  const module = join(place, 'network.mjs');
  writeOwnNetwork(module, { sharpness: 3 });
  const own = join(place, 'run');
  const train = ['train', ...tinyRun, '--network', module, '--out', own, '--set', 'engine.compile=false'];
  expect(await toco(train)).toMatchObject({ status: 0 });
  const first = await evaluated(own);
  expect(first.stderr).toContain(`Network of ${module}.`);
  const from = ['--from', 'segmentation', '--protocol', 'fast', '--refine', 'none', '--limit', '2'];
  const labels = join(place, 'labels');
  const label = (...more: string[]): Promise<Outcome> =>
    toco(['label', own, ...from, '--out', labels, ...more]);
  expect(await label()).toMatchObject({ status: 0 });
  expect(readFileSync(join(labels, 'list.txt'), 'utf8').trimEnd().split('\n')).toHaveLength(2);

  // Where it has gone, the line says so; where it lies now, what is there is of the same network.
  const moved = join(place, 'moved.mjs');
  renameSync(module, moved);
  const lost = await label();
  expect(lost.status).toBe(1);
  expect(lost.stderr).toMatch(/network\.mjs: no such file\. Name where it is now with --network\.\n$/);
  expect((await label('--network', moved)).stderr).toMatch(/^2 of 2 images are there already\.$/m);
  expect((await evaluated(own, '--network', moved)).stderr).toContain('Already evaluated');
  writeOwnNetwork(moved, { sharpness: -3 });
  const other = await label('--network', moved);
  expect(other.status).toBe(1);
  expect(other.stderr).toMatch(/: holds results of another network; /);
  const again = await evaluated(own, '--network', moved);
  expect(again.stderr).not.toContain('Already evaluated');
  expect(again.figures.columns).not.toEqual(first.figures.columns);
}, 240_000);

test.each([['evaluate'], ['label'], ['export', '--size', '32']])(
  'toco %s asks for what a program gave, a network or a backbone',
  async (command, ...args) => {
    const [last] = readdirSync(join(run, 'checkpoints')).sort().slice(-1);
    const own = join(folder, `own-${command}`);
    cpSync(join(run, 'checkpoints', last!), own, { recursive: true });
    const file = join(own, 'state.json');
    const { seal: _, ...state } = JSON.parse(readFileSync(file, 'utf8')) as {
      seal: string;
      config: { backbone: object };
    };
    const nameless = { ...state.config, backbone: { ...state.config.backbone, module: undefined } };
    for (const [part, config, line] of [
      ['network', state.config, "was trained with a network of one's own, given as a function"],
      ['backbone', nameless, 'was trained with a backbone given as an object'],
    ] as const) {
      writeFileSync(file, sealedJson({ ...state, config, ownParts: [part] }));
      const outcome = await toco([command, own, ...args, '--out', join(folder, `${command}-of-own`)]);
      expect(outcome.status).toBe(1);
      expect(outcome.stderr).toContain(`${own}: ${line}`);
    }
  },
  60_000,
);
