import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { initBackend } from '@toco/runtime';
import { checkFolder } from './check-folder.js';
import { openGoldenFolder } from './golden-folder.js';
import { formatRow } from './format-row.js';
import { passes, type Row } from './row.js';

/** `pnpm goldens [DIR]`: a line per quantity; exit status 1 on a miss. */
async function main(paths: readonly string[]): Promise<void> {
  const folders = paths.map(openGoldenFolder);
  await initBackend({ backend: 'tensorflow' });
  let count = 0;
  const missed: string[] = [];
  const onRow = (row: Row): void => {
    console.log(formatRow(row));
    count++;
    if (!passes(row)) missed.push(row.quantity);
  };
  for (const [i, folder] of folders.entries()) await checkFolder(folder, { onRow, except: folders[i - 1] });
  console.log(`${count - missed.length} of ${count} quantities are within their bounds.`);
  if (missed.length > 0) process.exitCode = 1;
}

/** The numbers of the original lie outside the repository; what they lack, or all where they are missing, is in its own fixtures. */
function defaultFolders(): string[] {
  const at = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
  const shared = process.env['TOCO_SHARED'] ?? at('../../../../shared');
  const goldens = join(shared, 'goldens');
  const fixtures = at('../../testing/__fixtures__');
  if (existsSync(goldens)) return [goldens, fixtures];
  console.log("The original's goldens are not here: checking the fixtures alone.");
  return [fixtures];
}

const [, , named] = process.argv;
await main(named === undefined ? defaultFolders() : [named]).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
