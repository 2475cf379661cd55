import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, limits, sizeOf } from '../bundles/bundle.js';
import { anyBackend, root } from './workspace.js';

const besides = [
  '@toco/datasets/synthetic',
  '@toco/datasets/views',
  '@toco/formats/safetensors',
  '@toco/segmenter/finish',
];

test('every package of the floor "any TensorFlow.js backend" has a limit', () => {
  expect(Object.keys(limits).sort()).toEqual([...anyBackend, ...besides].sort());
});

test.each(Object.entries(limits))('%s fits a browser into %d bytes', async (entry, limit) => {
  const size = await sizeOf(entry);
  expect(size).toBeLessThanOrEqual(limit);
  // a limit that nobody reaches holds nothing: it follows when an entry loses a fifth
  expect(size).toBeGreaterThan(0.8 * limit);
});

test('what finishes images in workers has no TensorFlow.js within', async () => {
  const code = await bundle("export * from '@toco/segmenter/finish'", ['@tensorflow/*']);
  expect(Buffer.from(code).toString()).not.toContain('tensorflow');
});

test('what a browser does not have is an error', async () => {
  await expect(bundle("import { readFileSync } from 'node:fs'; readFileSync('a');")).rejects.toThrow(
    'node:fs',
  );
});

test.each(anyBackend)('%s sees no types of Node', (name) => {
  const path = join(root, 'packages', name.replace('@toco/', ''), 'tsconfig.json');
  const { compilerOptions } = JSON.parse(readFileSync(path, 'utf8')) as {
    compilerOptions: { types?: string[] };
  };
  expect(compilerOptions.types).toEqual([]);
});
