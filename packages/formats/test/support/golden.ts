import { readFileSync } from 'node:fs';

/** One of the files in `__fixtures__` that other programs wrote. */
export function golden(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../__fixtures__/${name}.json`, import.meta.url), 'utf8'));
}

export const fromBase64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
