import { expect, test } from '@jest/globals';
import { backboneByName } from '../src/backbone-by-name.js';
import type { Vit } from '../src/vit.js';
import { clipVitBase } from '../src/clip.js';
import {
  deitBase,
  deitSmall,
  deitTiny,
  dinoVitBase,
  dinoVitSmall,
  vitBase,
  vitLarge,
  vitSmall,
  vitTiny,
} from '../src/variants.js';

test.each([
  [vitTiny(), 'vit_tiny_patch16_224', 192, 12, 3, 9],
  [vitTiny({ imageSize: 384 }), 'vit_tiny_patch16_384', 192, 12, 3, 9],
  [vitSmall(), 'vit_small_patch16_224', 384, 12, 6, 9],
  [vitBase({ patchSize: 8 }), 'vit_base_patch8_224', 768, 12, 12, 9],
  [vitLarge({ imageSize: 384 }), 'vit_large_patch16_384', 1024, 24, 16, 21],
  [deitTiny(), 'deit_tiny_patch16_224', 192, 12, 3, 9],
  [deitSmall({ auxBlock: 8 }), 'deit_small_patch16_224', 384, 12, 6, 8],
  [deitBase({ imageSize: 384 }), 'deit_base_patch16_384', 768, 12, 12, 9],
  [dinoVitSmall({ patchSize: 8 }), 'vit_small_patch8_224.dino', 384, 12, 6, 9],
  [dinoVitBase(), 'vit_base_patch16_224.dino', 768, 12, 12, 9],
  [clipVitBase(), 'vit_base_patch16_clip_quickgelu_224', 768, 12, 12, 9],
  [clipVitBase({ activation: 'gelu' }), 'vit_base_patch16_clip_224', 768, 12, 12, 9],
])('%#: %s', (backbone, name, dim, depth, heads, auxBlock) => {
  expect(backbone).toMatchObject({ name, tokenDim: dim, auxDim: dim, depth, heads, auxBlock });
  const patchSize = name.includes('patch8') ? 8 : 16;
  const side = Number(/_(224|384)/.exec(name)![1]) / patchSize;
  expect(backbone).toMatchObject({ stride: patchSize, positionGrid: [side, side], classToken: 'learned' });
});

test('sizes without public weights are refused', () => {
  expect(() => vitTiny({ patchSize: 8 })).toThrow(
    'vit_tiny: no public weights for patch 8 at 224; there are 16@224, 16@384; use vit() for other sizes',
  );
});

test('a named transformer can have fewer blocks, and another resizing of its positions', () => {
  const { depth, auxBlock, name } = backboneByName('deit_small_patch16_224', {
    auxBlock: -3,
    depth: 9,
  }) as Vit;
  expect({ depth, auxBlock, name }).toEqual({ depth: 9, auxBlock: 6, name: 'deit_small_patch16_224' });
  const reg4 = backboneByName('vit_small_patch14_reg4_dinov2', { auxBlock: 0, depth: 1 }) as Vit;
  expect(reg4).toMatchObject({ depth: 1, prefixTokens: 5 });
  expect(() => backboneByName('deit_tiny_patch16_224', { auxBlock: -3, depth: 2 })).toThrow(
    'deit_tiny_patch16_224: auxBlock -3 is none of the 2 blocks; choose -2 … 1',
  );
  expect(() => backboneByName('swin_tiny_patch4_window7_224', { auxBlock: -3, depth: 2 })).toThrow(
    'swin_tiny_patch4_window7_224: has blocks in stages; leave backbone.depth out',
  );
  expect(() =>
    backboneByName('swin_tiny_patch4_window7_224', { auxBlock: -3, positionResizing: 'bilinear' }),
  ).toThrow('has no positions to resize; leave backbone.positionResizing out');
});
