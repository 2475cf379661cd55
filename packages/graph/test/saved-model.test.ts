import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { writeSavedModel } from '../src/export/saved-model.js';

test('a network above the 2 GB of a SavedModel is refused before anything is written', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'toco-saved-model-'));
  const bytes = new Uint8Array(2 ** 31); // never touched, so it takes no memory
  const constant = { dtype: 'float32' as const, shape: [2 ** 29], bytes };
  const node = { name: 'w', op: 'Const', inputs: [], attributes: new Map(), constant };
  const out = join(folder, 'huge');
  await expect(writeSavedModel(out, { nodes: [node], inputs: [], outputs: [] })).rejects.toThrow(
    /huge: the network takes 2\.1 GB, a SavedModel can hold 2\.1; export it as tfjs/,
  );
  expect(existsSync(out)).toBe(false);
  await rm(folder, { recursive: true });
});
