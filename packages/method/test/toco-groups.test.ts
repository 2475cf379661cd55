import { expect, test } from '@jest/globals';
import { vit } from '@toco/backbone';
import { flattenTree } from '@toco/core';
import { initBackend } from '@toco/runtime';
import { stepConfig, type StepConfigInput } from '../src/method-config.js';
import { assignGroups } from '../src/optimizer/parameter-groups.js';
import { tocoParameterGroups } from '../src/toco-groups.js';

const paths = [
  'encoder.patch_embed.proj.weight',
  'encoder.blocks.0.norm1.weight',
  'encoder.blocks.1.norm1.weight',
  'encoder.norm.weight',
  'classifier.weight',
  'decoder.conv6.weight',
  'decoder.conv8.weight',
  'mine.weight',
];

/** Rate and decay of each path. */
function rates(optimizer: StepConfigInput['optimizer'] = {}): Record<string, readonly [number, number]> {
  const groups = assignGroups(tocoParameterGroups(stepConfig({ optimizer }), paths), paths);
  return Object.fromEntries(
    [...groups].map(([path, { lrScale, weightDecay }]) => [path, [lrScale, weightDecay] as const]),
  );
}

test('the encoder learns at the base rate, all else ten times as fast, heads of one’s own too', () => {
  const groups = tocoParameterGroups(stepConfig(), paths);
  expect(groups.map(({ name, prefixes }) => [name, prefixes])).toEqual([
    ['encoder', ['encoder']],
    ['heads', ['classifier', 'decoder', 'mine']],
  ]);
  expect(rates()['mine.weight']).toEqual([10, 0.01]);
  expect(tocoParameterGroups(stepConfig(), ['decoder.conv6.weight']).map(({ name }) => name)).toEqual([
    'heads',
  ]);
});

test('a group of one’s own has its rate and decay; the longest path counts, and what is left out stays', () => {
  const own = rates({
    groups: [
      { paths: ['decoder'], lrScale: 20 },
      { paths: ['decoder.conv8', 'encoder.norm'], weightDecay: 0 },
    ],
  });
  expect(own['decoder.conv6.weight']).toEqual([20, 0.01]);
  expect(own['decoder.conv8.weight']).toEqual([10, 0]);
  expect(own['encoder.norm.weight']).toEqual([1, 0]);
  expect(own['classifier.weight']).toEqual([10, 0.01]);
});

test('the rate decays from block to block, and not where a group says otherwise', () => {
  const own = rates({ layerDecay: 0.5, groups: [{ paths: ['encoder.blocks.1'], lrScale: 3 }] });
  expect(own['encoder.patch_embed.proj.weight']![0]).toBe(0.125);
  expect(own['encoder.blocks.0.norm1.weight']![0]).toBe(0.25);
  expect(own['encoder.blocks.1.norm1.weight']![0]).toBe(3);
  expect(own['encoder.norm.weight']![0]).toBe(1);
  expect(own['classifier.weight']![0]).toBe(10);
});

test('all that enters the first block learns alike, of every family of transformers', async () => {
  await initBackend({ backend: 'cpu' });
  const sizes = { imageSize: 16, patchSize: 8, dim: 8, depth: 3, heads: 2 };
  for (const options of [{ preNorm: true }, { registerTokens: 2, layerScale: 1 }]) {
    const backbone = vit({ ...sizes, ...options });
    const trained = [...flattenTree({ encoder: backbone.init(0) }).keys()].filter(
      (path) => path !== 'encoder.pos_embed',
    );
    const groups = tocoParameterGroups(stepConfig({ optimizer: { layerDecay: 0.5 } }), trained);
    const scales = [...assignGroups(groups, trained)].map(([path, { lrScale }]) => [path, lrScale] as const);
    const outside = scales.filter(([path]) => !path.startsWith('encoder.blocks.'));
    for (const [path, scale] of outside)
      expect([path, scale]).toEqual([path, path.startsWith('encoder.norm.') ? 1 : 0.0625]);
  }
});

test('blocks that are frozen count in the decay', () => {
  const free = paths.filter((path) => !path.startsWith('encoder.blocks.1.'));
  const groups = tocoParameterGroups(stepConfig({ optimizer: { layerDecay: 0.5 } }), free, paths);
  const scales = Object.fromEntries([...assignGroups(groups, free)].map(([path, of]) => [path, of.lrScale]));
  expect(scales['encoder.blocks.0.norm1.weight']).toBe(0.25);
  expect(scales['encoder.patch_embed.proj.weight']).toBe(0.125);
});

test('a path of two groups, and a group that changes nothing, are refused in one line', () => {
  const twice = [
    { paths: ['encoder', 'decoder'], lrScale: 2 },
    { paths: ['decoder'], weightDecay: 0 },
  ];
  expect(() => rates({ groups: twice })).toThrow(
    'optimizer.groups.1.paths: decoder is in optimizer.groups.0 already; let one group have it.',
  );
  expect(() => rates({ groups: [{ paths: ['decoder'] }] })).toThrow(
    'optimizer.groups.0 changes nothing; give it lrScale or weightDecay, or leave it out.',
  );
});

test('a path that nothing lies below, and a decay without blocks, are refused in one line', () => {
  expect(() => rates({ groups: [{ paths: ['decoder', 'decodr'], lrScale: 2 }] })).toThrow(
    /^optimizer\.groups\.0\.paths: no parameter lies below decodr; did you mean decoder\? There are encoder, classifier, decoder, mine\.$/,
  );
  const of = (path: string) => (): unknown =>
    tocoParameterGroups(
      stepConfig({ optimizer: { groups: [{ paths: [path], lrScale: 2 }] } }),
      paths.slice(4),
      paths,
    );
  expect(of('encoder.blocks.7')).toThrow(
    'optimizer.groups.0.paths: no parameter lies below encoder.blocks.7; did you mean encoder.blocks.0? There are encoder.blocks.0, encoder.blocks.1.',
  );
  expect(of('encoder.blocks')).toThrow(
    /^optimizer\.groups\.0\.paths: what lies below encoder\.blocks is not trained \(network\.frozen, [^\n]+\.$/,
  );
  expect(() => tocoParameterGroups(stepConfig({ optimizer: { layerDecay: 0.5 } }), ['encoder.stem'])).toThrow(
    'optimizer.layerDecay: no trained parameter begins with encoder.blocks.<number>; set it to 1.',
  );
});
