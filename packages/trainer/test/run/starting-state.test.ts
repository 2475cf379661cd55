import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { vit } from '@toco/backbone';
import { flattenTree } from '@toco/core';
import { writeSafetensors } from '@toco/formats';
import { createNetwork } from '@toco/network';
import { initBackend } from '@toco/runtime';
import { parseConfig } from '../../src/config/parse-config.js';
import { startingState } from '../../src/run/starting-state.js';

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
