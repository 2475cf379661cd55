import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * The folder where engines are kept, shared by all clones and projects of a user: `TOCO_CACHE`, else `toco` in
 * `XDG_CACHE_HOME`, else `~/.cache/toco`.
 *
 * @example
 * ```ts
 * console.log(cacheFolder()); // /home/me/.cache/toco
 * ```
 */
export function cacheFolder(): string {
  const { TOCO_CACHE: own, XDG_CACHE_HOME: shared } = process.env;
  if (own) return resolve(own);
  return shared ? join(resolve(shared), 'toco') : join(homedir(), '.cache', 'toco');
}
