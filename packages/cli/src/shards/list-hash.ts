import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { listDigest, type SampleList } from '@toco/datasets';

/** Files that are looked at, at once. */
const atOnce = 64;

/**
 * The hash of what figures and labels of a list are made of: names and labels in their order, the bytes of the masks, the sizes
 * of the photographs. Results are gone on with where it is the same, so a mask that was corrected, and another data set whose
 * names are the same, must give another one; dates would part hosts that have a copy each.
 */
export async function listHash(list: SampleList): Promise<string> {
  const hash = createHash('sha256').update(listDigest(list).sha256);
  for (let start = 0; start < list.length; start += atOnce) {
    const indices = Array.from({ length: Math.min(atOnce, list.length - start) }, (_, i) => start + i);
    const found = await Promise.all(
      indices.map(async (index) => {
        const { image, mask } = list.sample(index);
        return [await sizeOf(image), await contentOf(mask)];
      }),
    );
    hash.update(JSON.stringify(found));
  }
  return hash.digest('hex');
}

type Encoded = ReturnType<SampleList['sample']>['image'];

/** Bytes of a file; a drawing is what it is made of. What can't be read is told where it is decoded. */
async function sizeOf(image: Encoded): Promise<number | string | undefined> {
  if ('svg' in image) return image.svg;
  return (await stat(image.path).catch(() => undefined))?.size;
}

async function contentOf(mask: Encoded | undefined): Promise<string | undefined> {
  if (mask === undefined) return undefined;
  if ('svg' in mask) return mask.svg;
  // A pipe would be waited for.
  const isFile = (await stat(mask.path).catch(() => undefined))?.isFile() === true;
  const bytes = isFile ? await readFile(mask.path).catch(() => undefined) : undefined;
  return bytes && createHash('sha256').update(bytes).digest('hex');
}
