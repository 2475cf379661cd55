import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** `sharedPath` of `@toco/testing`, which reads its fixtures with this package and so can't be used here. */
export function sharedPath(relative: string): string | undefined {
  const base = process.env['TOCO_SHARED'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
  const path = `${base}/${relative}`;
  return existsSync(path) ? path : undefined;
}
