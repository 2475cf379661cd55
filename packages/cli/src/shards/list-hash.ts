import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { type EncodedMask, listDigest, type SampleList } from '@toco/datasets';
import { assertNotAborted, createProgress } from '@toco/files';

/** Files that are looked at, at once. */
const atOnce = 64;

/** Calls `look` with the places of some images after those of others, and shows how far it is where that takes more than a second. */
async function forSome(
  places: readonly number[],
  { label, signal }: { readonly label: string; readonly signal?: AbortSignal | undefined },
  look: (some: readonly number[]) => Promise<void>,
): Promise<void> {
  const progress = createProgress(label, { quietFor: 1000 });
  try {
    for (let start = 0; start < places.length; start += atOnce) {
      assertNotAborted(signal);
      progress.update({ done: start, total: places.length });
      await look(places.slice(start, start + atOnce));
    }
    progress.update({ done: places.length, total: places.length });
  } finally {
    progress.stop();
  }
}

/**
 * The hash of what figures and labels of a list are made of: names and labels in their order, drawings, and, where `masks` are
 * compared with, their bytes. Results are gone on with where it is the same, so a mask that was corrected must give another one.
 * Files of photographs don't count: what was made of one that is replaced is told by its {@link sizeStamps}, and the others stay.
 */
export async function listHash(
  list: SampleList,
  { masks, signal }: { readonly masks: boolean; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const hash = createHash('sha256').update(listDigest(list).sha256);
  const places = Array.from({ length: list.length }, (_, place) => place);
  await forSome(places, { label: masks ? 'reading masks' : 'reading the list', signal }, async (some) => {
    const found = await Promise.all(
      some.map(async (index) => {
        const { image, mask } = list.sample(index);
        return ['svg' in image ? image.svg : undefined, masks ? await contentOf(mask) : undefined];
      }),
    );
    hash.update(JSON.stringify(found));
  });
  return hash.digest('hex');
}

/**
 * Bytes of the photographs at these places, which tell one from what its file held before; dates would part hosts that have a copy
 * each. A drawing, and what can't be read, has none.
 */
export async function sizeStamps(
  list: SampleList,
  places: readonly number[],
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Map<number, number | undefined>> {
  const stamps = new Map<number, number | undefined>();
  await forSome(places, { label: 'finding photographs', signal }, async (some) => {
    await Promise.all(
      some.map(async (place) => {
        const { image } = list.sample(place);
        stamps.set(place, 'svg' in image ? undefined : (await stat(image.path).catch(() => undefined))?.size);
      }),
    );
  });
  return stamps;
}

async function contentOf(mask: EncodedMask | undefined): Promise<string | undefined> {
  if (mask === undefined) return undefined;
  if ('svg' in mask) return mask.svg;
  if ('regions' in mask) return JSON.stringify([mask.size, mask.regions]);
  // A pipe would be waited for.
  const isFile = (await stat(mask.path).catch(() => undefined))?.isFile() === true;
  const bytes = isFile ? await readFile(mask.path).catch(() => undefined) : undefined;
  // What a color stands for belongs to a mask as well.
  const colors = 'colors' in mask ? JSON.stringify(mask.colors) : '';
  return bytes && createHash('sha256').update(bytes).update(colors).digest('hex');
}
