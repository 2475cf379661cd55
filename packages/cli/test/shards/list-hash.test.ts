import { expect, test } from '@jest/globals';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleList } from '@toco/datasets';
import { listHash } from '../../src/shards/list-hash.js';
import { inTemporaryFolder } from '../run-toco.js';

test('a list is another one where a mask, a photograph, a label or a name is', async () => {
  await inTemporaryFolder(async (folder) => {
    const [image, mask] = [join(folder, 'a.jpg'), join(folder, 'a.png')];
    const hash = (id = 'a', label = 1): Promise<string> =>
      listHash(
        sampleList(
          'val',
          ['cat'],
          [
            { id, labels: Uint8Array.of(label), image: { path: image }, mask: { path: mask } },
            { id: 'drawn', labels: Uint8Array.of(0), image: { name: 'drawn', svg: '<svg/>' } },
          ],
        ),
      );
    writeFileSync(image, 'photograph');
    writeFileSync(mask, 'mask 1');
    const first = await hash();
    expect(await hash()).toBe(first);
    const others = [await hash('b'), await hash('a', 0)];
    // Corrected, as long as it was.
    writeFileSync(mask, 'mask 2');
    others.push(await hash());
    writeFileSync(image, 'another photograph');
    others.push(await hash());
    rmSync(mask);
    others.push(await hash());
    expect(new Set([first, ...others]).size).toBe(1 + others.length);
  });
});
