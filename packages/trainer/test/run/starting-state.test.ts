import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { backboneByName, exportPretrained, vit } from '@toco/backbone';
import { flattenTree } from '@toco/core';
import { writeSafetensors } from '@toco/formats';
import { createNetwork } from '@toco/network';
import { initBackend } from '@toco/runtime';
import type { ConfigInput } from '../../src/config/config.js';
import { parseConfig } from '../../src/config/parse-config.js';
import { startingState } from '../../src/checkpoints/starting-state.js';
import { randomStartWarning } from '@toco/weights';

const network = createNetwork({
  backbone: vit({ imageSize: 16, patchSize: 8, dim: 8, depth: 3, heads: 2 }),
  numClasses: 2,
  decoderDim: 4,
  projection: { hidden: 8, bottleneck: 4, out: 8 },
});
let folder: string;

beforeAll(async () => {
  await initBackend();
  folder = await mkdtemp(join(tmpdir(), 'toco-start-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('startingState with network.weights', () => {
  test('takes backbone and classifiers from the file; what it lacks starts by the seed', async () => {
    const stored = network.init(7);
    const arrays = Object.entries(await network.exportCheckpoint(stored)).filter(([name]) =>
      /^(?:encoder\.|classifier\.|aux_classifier\.)/.test(name),
    );
    const file = join(folder, 'start.safetensors');
    await writeSafetensors(file, Object.fromEntries(arrays));

    const lines: string[] = [];
    const config = parseConfig({ seed: 3, network: { weights: file } });
    const started = await startingState(config, network, {
      checkpoint: undefined,
      print: (line) => lines.push(line),
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`${file}: ${arrays.length} arrays matched, missing decoder.conv6.weight`);

    const fresh = network.init(3);
    for (const [path, value] of flattenTree(started.params)) {
      const from = /^(?:encoder|classifier|aux_classifier)/.test(path) ? stored : fresh;
      expect(await value.data()).toEqual(await flattenTree(from.params).get(path)!.data());
    }
    expect(await started.step.data()).toEqual(new Int32Array([0]));
  });
});

describe('what is said of where a backbone starts from', () => {
  const said = async (config: ConfigInput, of = network): Promise<string[]> => {
    const lines: string[] = [];
    const print = (line: string): void => void lines.push(line);
    await startingState(parseConfig(config), of, { checkpoint: undefined, print });
    return lines;
  };

  test('random numbers, with the weights of a backbone that is named', async () => {
    expect(await said({})).toEqual([
      'Warning: vit starts from random numbers, because backbone.weights is not set; set backbone.weights to a file or hf:owner/name if there are pretrained weights for it.',
    ]);
    for (const [name, weights] of [
      ['deit_tiny_patch16_224', 'deit_tiny_patch16_224.fb_in1k'],
      ['vit_base_patch16_224', 'vit_base_patch16_224.augreg_in21k_ft_in1k'],
      ['vit_small_patch16_224.dino', 'vit_small_patch16_224.dino'],
      ['vit_small_patch14_dinov2', 'vit_small_patch14_dinov2.lvd142m'],
      ['swin_tiny_patch4_window7_224', 'swin_tiny_patch4_window7_224.ms_in1k'],
    ] as const) {
      const config = parseConfig({ backbone: { name } });
      const backbone = backboneByName(name, { auxBlock: -3 });
      expect(randomStartWarning(config, backbone.name)).toContain(`set backbone.weights=hf:timm/${weights}.`);
    }
  });

  test('a file that holds a part of the backbone, or of a deeper one', async () => {
    const arrays = await exportPretrained(network.init(7).params.encoder);
    const write = async (name: string, kept: (name: string) => boolean, more = {}): Promise<string> => {
      const file = join(folder, name);
      const part = Object.entries(arrays).filter(([path]) => kept(path));
      await writeSafetensors(file, { ...Object.fromEntries(part), ...more });
      return file;
    };
    const whole = await write('whole.safetensors', () => true, { 'head.bias': arrays['norm.bias']! });
    expect(await said({ backbone: { weights: whole } })).toEqual([
      expect.stringContaining('missing none, left over head.bias.'),
    ]);
    const part = await write('part.safetensors', (name) => !name.startsWith('blocks.2.'));
    expect((await said({ backbone: { weights: part } })).at(-1)).toMatch(
      /^Warning: .*part\.safetensors holds only a part of the backbone: 12 arrays start from random numbers \(blocks\.2\..* and 4 more\); check backbone\.name\.$/,
    );
    const deeper = await write('deeper.safetensors', () => true, {
      'blocks.3.norm1.bias': arrays['norm.bias']!,
    });
    expect((await said({ backbone: { weights: deeper } })).at(-1)).toMatch(
      /^Warning: .* holds 1 arrays of blocks that the backbone does not have \(blocks\.3\.norm1\.bias\)/,
    );
  });
});
