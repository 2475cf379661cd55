import { expect, test } from '@jest/globals';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleList, type SampleList } from '@toco/datasets';
import { listHash, sizeStamps } from '../../src/shards/list-hash.js';
import { inTemporaryFolder } from '../run-toco.js';

test('a list is another one where a label, a name, a drawing or a mask that counts is; photographs have stamps', async () => {
  await inTemporaryFolder(async (folder) => {
    const [image, mask] = [join(folder, 'a.jpg'), join(folder, 'a.png')];
    const list = (id = 'a', label = 1, svg = '<svg/>'): SampleList =>
      sampleList(
        'val',
        ['cat'],
        [
          { id, labels: Uint8Array.of(label), image: { path: image }, mask: { path: mask } },
          { id: 'drawn', labels: Uint8Array.of(0), image: { name: 'drawn', svg } },
        ],
      );
    const hash = (...of: Parameters<typeof list>): Promise<string> => listHash(list(...of), { masks: true });
    const maskless = (): Promise<string> => listHash(list(), { masks: false });
    writeFileSync(image, 'photograph');
    writeFileSync(mask, 'mask 1');
    const first = await hash();
    expect(await hash()).toBe(first);
    const withoutMasks = await maskless();
    const stamps = await sizeStamps(list(), [0, 1]);
    const others = [await hash('b'), await hash('a', 0), await hash('a', 1, '<svg></svg>')];
    // Corrected, as long as it was.
    writeFileSync(mask, 'mask 2');
    const corrected = await hash();
    others.push(corrected);
    writeFileSync(image, 'another photograph');
    expect(await hash()).toBe(corrected);
    expect(stamps.get(0)).toBe('photograph'.length);
    expect(stamps.get(1)).toBeUndefined();
    expect((await sizeStamps(list(), [0])).get(0)).toBe('another photograph'.length);
    rmSync(mask);
    others.push(await hash());
    expect(await maskless()).toBe(withoutMasks);
    expect(new Set([first, ...others]).size).toBe(1 + others.length);
  });
});
