import { expect, test } from '@jest/globals';
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
