import { createHash } from 'node:crypto';

/** What decides the result of a command: parts with the same of all three belong together. */
export interface Hashes {
  /** Of the file of the network's arrays. */
  readonly checkpoint: string;
  /** Of the images of a list, see {@link listHash}. */
  readonly list: string;
  /** Of everything else that changes results. */
  readonly settings: string;
}

/** The hash of settings: plain data whose keys come in the same order. */
export function settingsHash(settings: object): string {
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex');
}

/** What differs between two sets of hashes, in words; undefined where nothing does. */
export function differenceOf(one: Hashes, other: Hashes): string | undefined {
  const names = {
    checkpoint: 'another network',
    list: 'another list of images',
    settings: 'other settings',
  } as const;
  const different = (Object.keys(names) as (keyof Hashes)[]).filter((key) => one[key] !== other[key]);
  return different.length === 0 ? undefined : different.map((key) => names[key]).join(', ');
}

/** A name for files that belong to these hashes. */
export function shortName({ checkpoint, list, settings }: Hashes): string {
  return createHash('sha256').update(`${checkpoint} ${list} ${settings}`).digest('hex').slice(0, 10);
}
