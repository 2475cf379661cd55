import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { initBackend } from '@toco/runtime';
import { checkFolder } from './check-folder.js';
import { openGoldenFolder } from './golden-folder.js';
import { formatRow } from './format-row.js';
import { passes } from './row.js';

/** `pnpm goldens [DIR]`: a line per quantity; exit status 1 on a miss. */
async function main(path: string): Promise<void> {
  const folder = openGoldenFolder(path);
  await initBackend({ backend: 'tensorflow' });
  let count = 0;
  const missed: string[] = [];
  await checkFolder(folder, (row) => {
    console.log(formatRow(row));
    count++;
    if (!passes(row)) missed.push(row.quantity);
  });
  console.log(`${count - missed.length} of ${count} quantities are within their bounds.`);
  if (missed.length > 0) process.exitCode = 1;
}

/** The numbers of the original lie outside the repository; where they are missing, its own fixtures are checked. */
function defaultFolder(): string {
  const at = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
  const shared = process.env['TOCO_SHARED'] ?? at('../../../../shared');
  const goldens = join(shared, 'goldens');
  if (existsSync(goldens)) return goldens;
  console.log("The original's goldens are not here: checking the fixtures instead.");
  return at('../../testing/__fixtures__');
}

await main(process.argv[2] ?? defaultFolder()).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
