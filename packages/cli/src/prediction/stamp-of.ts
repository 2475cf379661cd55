import { stat } from 'node:fs/promises';

/** Bytes and time of change of a photograph, which tell it from another one of that name; empty where there is none. */
export async function stampOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? '' : `${found.size} ${Math.floor(found.mtimeMs)}`;
}
