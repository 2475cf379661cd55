import { join } from 'node:path';
import { makeFolder, writeWhole } from '@toco/files';

/** Writes files into a folder. @returns their paths */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string[]> {
  await makeFolder(folder);
  const paths: string[] = [];
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await writeWhole(path, [typeof content === 'string' ? new TextEncoder().encode(content) : content]);
    paths.push(path);
  }
  return paths;
}
