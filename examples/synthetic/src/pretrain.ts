import { join } from 'node:path';
import { readSafetensors, writeSafetensors, type NDArray } from '@toco/formats';
import { backboneByName, type Backbone } from '@toco/backbone';
import { train } from '@toco/trainer';
import { Command } from 'commander';
import { wavePositions } from './positions.js';
import { sceneConfig } from './scene-config.js';
import { weightsFile } from './weights-file.js';

interface Flags {
  readonly iterations: string;
  readonly batch: string;
  readonly lr: string;
  readonly out: string;
  readonly write: string;
  readonly resume?: boolean;
}

const { iterations, batch, lr, out, write, resume } = new Command('pretrain')
  .description('trains backbone and classifiers from scratch by image-level labels of the scenes alone')
  .option('--iterations <n>', 'length of the schedule', '1000')
  .option('--batch <n>', 'images of an iteration', '16')
  .option('--lr <x>', 'learning rate', '1e-3')
  .option('--out <folder>', 'folder of the run', 'runs/synthetic-pretrain')
  .option('--write <file>', 'where the weights go', weightsFile)
  .option('--resume', 'go on with the run in --out')
  .parse()
  .opts<Flags>();

const config = sceneConfig({
  batchSize: Number(batch),
  data: { synthetic: { train: 20_000, val: 120, seed: 1 } },
  optimizer: {
    lr: Number(lr),
    headLrScale: 1,
    weightDecay: 0.05,
    warmup: Math.round(0.05 * Number(iterations)),
    iterations: Number(iterations),
  },
  phases: [{ from: 0, weights: { cls: 1, clsAux: 1, ptc: 0, ctc: 0, seg: 0, reg: 0 } }],
  evaluation: { every: 500, limit: 60 },
  run: { checkpointEvery: 500, logEvery: 25 },
});
const named = backboneByName(config.backbone.name, config.backbone);
if (!('positionGrid' in named)) throw new Error(`${named.name} has no positions to start from; choose a ViT`);
const backbone: Backbone = {
  ...named,
  init: (seed) => ({
    ...named.init(seed),
    pos_embed: wavePositions(named.positionGrid, named.tokenDim),
  }),
};

const { checkpoint } = await train(config, {
  folder: out,
  backbone,
  resume: resume ?? false,
});

// Backbone and classifiers, in half precision: decoder and projection head are started anew by every run.
const kept = /^(?:encoder\.|(?:aux_)?classifier\.)/;
const arrays = Object.entries(readSafetensors(join(checkpoint, 'model.safetensors')))
  .filter(([name]) => kept.test(name))
  .map(([name, array]): [string, NDArray] => [name, { ...array, dtype: 'float16' }]);
await writeSafetensors(write, Object.fromEntries(arrays));
process.stdout.write(`${write}\n`);
