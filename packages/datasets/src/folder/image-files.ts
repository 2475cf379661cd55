import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';

const extension = /\.(?:jpe?g|png|webp)$/i;

/** The name of an image without its extension: what lists, labels and masks call it. */
export function imageId(name: string): string {
  return name.trim().replaceAll('\\', '/').replace(/^\.\//, '').replace(extension, '');
}

/**
 * The images below a folder by id: their path from there, with `/`, without extension. Hidden folders and those to be left out are
 * passed over.
 *
 * @throws One line when the folder can't be read, or two images have one id.
 */
export async function imageFiles(
  folder: string,
  { leaveOut = [] }: { leaveOut?: readonly string[] } = {},
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  async function visit(inside: string): Promise<void> {
    const entries = await readdir(join(folder, inside), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const name = join(inside, entry.name);
      const path = join(folder, name);
      if (entry.name.startsWith('.') || leaveOut.includes(path)) continue;
      if (entry.isDirectory()) await visit(name);
      else if (extension.test(entry.name)) {
        const id = imageId(name.split(sep).join('/'));
        if (found.has(id))
          throw new Error(`${path}: ${found.get(id)} has the same name but for its extension`);
        found.set(id, path);
      }
    }
  }
  try {
    await visit('');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new Error(`${folder}: the folder can't be read (${(error as Error).message.split(',')[0]})`, {
      cause: error,
    });
  }
  return found;
}
