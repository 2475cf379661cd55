import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { UserError } from '@toco/files';

const extension = /\.(?:jpe?g|png|webp)$/i;

/** Files beside photographs that nobody takes for photographs. */
const beside =
  /(?:^thumbs\.db|^desktop\.ini|\.(?:txt|csv|tsv|jsonl?|npy|npz|xml|md|ya?ml|html?|pdf|py|ipynb|log))$/i;

/** The name of an image without its extension: what lists, labels and masks call it. */
export function imageId(name: string): string {
  return name.trim().replaceAll('\\', '/').replace(/^\.\//, '').replace(extension, '');
}

/** What lies below a folder. */
export interface FoundImages {
  /** Paths by id: the path from the folder, with `/`, without extension. */
  readonly images: ReadonlyMap<string, string>;
  /** Files of other kinds by their ending, in lower case. */
  readonly passedOver: ReadonlyMap<string, { readonly count: number; readonly example: string }>;
  /** Links that lead back to a folder around them, or nowhere. */
  readonly deadLinks: readonly string[];
  /** Pipes, devices and sockets. */
  readonly special: readonly string[];
}

/**
 * The images below a folder. Links to folders are followed; hidden folders and those to be left out are passed over.
 *
 * @throws One line when the folder can't be read, or two images have one id.
 */
export async function imageFiles(
  folder: string,
  { leaveOut = [] }: { leaveOut?: readonly string[] | undefined } = {},
): Promise<FoundImages> {
  const images = new Map<string, string>();
  const passedOver = new Map<string, { count: number; example: string }>();
  const deadLinks: string[] = [];
  const special: string[] = [];
  const twins: [string, string][] = [];

  /** Whether an entry is a folder to go into; links are. */
  async function isFolder(entry: Dirent, path: string, around: readonly string[]): Promise<boolean> {
    if (!entry.isSymbolicLink()) return entry.isDirectory();
    const target = await stat(path).catch(() => undefined);
    if (target === undefined || (target.isDirectory() && around.includes(await realpath(path)))) {
      deadLinks.push(path);
      return false;
    }
    if (!target.isDirectory() && !target.isFile()) special.push(path);
    return target.isDirectory();
  }
  async function visit(inside: string, around: readonly string[]): Promise<void> {
    const entries = await readdir(join(folder, inside), { withFileTypes: true });
    const here = [...around, await realpath(join(folder, inside))];
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const name = join(inside, entry.name);
      const path = join(folder, name);
      if (entry.name.startsWith('.') || leaveOut.includes(path)) continue;
      if (await isFolder(entry, path, here)) {
        await visit(name, here);
        continue;
      }
      if (!extension.test(entry.name)) {
        if (!beside.test(entry.name) && deadLinks.at(-1) !== path) passOver(entry.name, path);
        continue;
      }
      if (!entry.isSymbolicLink() && !entry.isFile()) special.push(path);
      const id = imageId(name.split(sep).join('/'));
      const twin = images.get(id);
      if (twin === undefined) images.set(id, path);
      else twins.push([path, twin]);
    }
  }
  function passOver(name: string, path: string): void {
    const ending = extname(name).toLowerCase();
    const known = passedOver.get(ending);
    if (known) known.count++;
    else passedOver.set(ending, { count: 1, example: path });
  }
  try {
    await visit('', []);
  } catch (error) {
    throw new UserError(`${folder}: the folder can't be read (${(error as Error).message.split(',')[0]})`, {
      cause: error,
    });
  }
  const [twin] = twins;
  if (twin !== undefined) {
    const more = twins.length > 1 ? ` (and ${twins.length - 1} more such pairs)` : '';
    throw new UserError(
      `${twin[0]}: ${twin[1]} has the same name but for its extension${more}; an image is known by its name without it, so rename or remove one`,
    );
  }
  return { images, passedOver, deadLinks, special };
}
