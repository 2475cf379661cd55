import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from '@jest/globals';
import { backboneByName } from '@toco/backbone';
import { flattenTree } from '@toco/core';
import { readSafetensors } from '@toco/formats';
import { initBackend } from '@toco/runtime';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const sources = readdirSync(at('../src')).map((name) => readFileSync(at(`../src/${name}`), 'utf8'));

test('has fewer than 300 lines, and imports what packages export', () => {
  expect(sources.join('').split('\n').length).toBeLessThan(300);
  const imports = sources.flatMap((text) => [...text.matchAll(/from '([^']+)'/g)].map(([, name]) => name!));
  const own = /^(?:@toco\/[a-z]+|@tensorflow\/tfjs-core|node:\w+|\.\/[a-z]+\.js)$/;
  expect(imports.length).toBeGreaterThan(10);
  expect(imports.filter((name) => !own.test(name))).toEqual([]);
});

beforeAll(() => initBackend());

test('trains heads a few steps, leaves the backbone as it was, and is evaluated without the network being named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'toco-frozen-backbone-'));
  const run = join(folder, 'run');
  const node = (...args: string[]): string => execFileSync(process.execPath, args, { encoding: 'utf8' });
  try {
    const output = node(at('../dist/main.js'), '--out', run, '--iterations', '10');
    expect(output).toMatch(/^10 iterations on vit_mini_patch8_96, frozen; /);
    expect(output).toMatch(/CAM [\d.]+ %, segmentation [\d.]+ %/);
    const [checkpoint] = readdirSync(join(run, 'checkpoints')).reverse();
    const arrays = readSafetensors(join(run, 'checkpoints', checkpoint!, 'model.safetensors'));
    const begun = flattenTree(backboneByName('vit_mini_patch8_96', { auxBlock: -3 }).init(0));
    for (const name of ['blocks.0.attn.proj.weight', 'norm.weight'])
      expect(arrays[`encoder.${name}`]!.data).toEqual(await begun.get(name)!.data());
    expect(arrays['decoder.reduce.weight']!.shape).toEqual([64, 3 * 96]);
    const moments = readSafetensors(join(run, 'checkpoints', checkpoint!, 'optimizer.safetensors'));
    expect(Object.keys(moments).filter((name) => name.includes('encoder'))).toEqual([]);
    const toco = at('../../../packages/cli/bin/toco.js');
    const figures = JSON.parse(node(toco, 'evaluate', run, '--limit', '4', '--json')) as {
      columns: Record<string, { mean: number }>;
    };
    expect(figures.columns['single']!.mean).toBeGreaterThanOrEqual(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
