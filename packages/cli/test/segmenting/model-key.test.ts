import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { hashFile } from '@toco/files';
import { parseConfig } from '@toco/trainer';
import { type KeyedModel, modelKey } from '../../src/segmenting/model-key.js';

const folder = mkdtempSync(join(tmpdir(), 'toco-key-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const file = write('model.safetensors', 'arrays');
write('optimizer.safetensors', 'averages');

test('a run as it was trained has the hash of its arrays; all that changes its results changes the key', async () => {
  const averages = { slow: { momentum: 0.5 }, slower: { momentum: 0.9 } };
  const trained = parseConfig({ averages });
  const key = (change: Partial<KeyedModel>): Promise<string> =>
    modelKey({ ...{ file, config: trained, trained, modules: {} }, ...change });
  const of = (input: object): Promise<string> => key({ config: parseConfig({ averages, ...input }) });
  expect(await key({})).toBe(await hashFile(file));
  expect(await of({ evaluation: { average: 'none' } })).toBe(await hashFile(file));

  const one = write('one.mjs', 'one');
  const others = [
    await of({ evaluation: { average: 'slow' } }),
    await of({ evaluation: { average: 'slower' } }),
    await of({ backbone: { name: 'vit_base_patch16_224' } }),
    await of({ backbone: { auxBlock: -2 } }),
    await of({ backbone: { depth: 6 } }),
    await of({ backbone: { positionResizing: 'antialiased' } }),
    await of({ network: { decoderDilation: 1 } }),
    await key({ modules: { backbone: one } }),
    await key({ modules: { network: one } }),
    await key({ modules: { network: write('two.mjs', 'two') } }),
  ];
  expect(new Set([await key({}), ...others]).size).toBe(1 + others.length);
  // Where a module lies changes nothing.
  expect(await of({ network: { module: one } })).toBe(await key({ modules: { network: one } }));
  expect(await key({ modules: { network: write('copy.mjs', 'one') } })).toBe(
    await key({ modules: { network: one } }),
  );

  const before = await of({ evaluation: { average: 'slow' } });
  write('optimizer.safetensors', 'other averages');
  expect(await of({ evaluation: { average: 'slow' } })).not.toBe(before);
  expect(await key({})).toBe(await hashFile(file));
});

test('a weight file of which nothing is said has the hash of its arrays', async () => {
  const { backbone, ...config } = parseConfig({});
  const { name: _, ...unnamed } = backbone;
  const key = (input: object): Promise<string> =>
    modelKey({ file, config: { ...config, backbone: unnamed, ...input }, modules: {} });
  expect(await key({})).toBe(await hashFile(file));
  expect(await key({ backbone })).not.toBe(await hashFile(file));
  expect(await key({ network: { decoderDilation: 1 } })).not.toBe(await hashFile(file));
});
