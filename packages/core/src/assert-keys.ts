import { nearestName } from './nearest-name.js';

/**
 * Refuses options that there are none of: what is misspelled would be left out in silence.
 *
 * @param name what takes the options, such as `'train'`
 * @throws one line with the nearest known key, or with all of them
 * @example
 * assertKeys('train', options, ['folder', 'signal']);
 */
export function assertKeys(name: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const near = nearestName(unknown, known);
  const hint = near === undefined ? `there are ${known.join(', ')}` : `did you mean ${near}?`;
  throw new Error(`${name}: unknown option ${unknown}; ${hint}${near === undefined ? '.' : ''}`);
}
