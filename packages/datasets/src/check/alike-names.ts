import { counted } from '@toco/files';
import type { Finding } from '../dataset/finding.js';

/** What names have in common that differ in case, blanks or Unicode form only. */
export function plainName(name: string): string {
  return name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase();
}

/** How two names differ that look alike. */
export function differenceOf(a: string, b: string): string {
  if (a.normalize('NFC') === b.normalize('NFC')) return 'Unicode form';
  return a.toLowerCase() === b.toLowerCase() ? 'case' : 'case, blanks or Unicode form';
}

/** A warning about names that a reader, or another computer's disk, takes for the same. */
export function alikeNames(names: Iterable<string>, what: string, remedy: string): Finding[] {
  const first = new Map<string, string>();
  const pairs: [string, string][] = [];
  for (const name of names) {
    const plain = plainName(name);
    const other = first.get(plain);
    if (other === undefined) first.set(plain, name);
    else pairs.push([other, name]);
  }
  const [pair] = pairs;
  if (pair === undefined) return [];
  return [
    {
      kind: 'warning',
      message: `${counted(pairs.length, 'pair')} of ${what} differ${pairs.length === 1 ? 's' : ''} in ${differenceOf(...pair)} only (${pair.join(' and ')}), and ${pairs.length === 1 ? 'counts' : 'count'} as different; ${remedy} if the same is meant`,
    },
  ];
}
