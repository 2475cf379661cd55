import { imageId } from './image-files.js';
import { UserError } from '@toco/files';

/**
 * Finds images by the names that other programs know them by: paths on other machines, file names alone, with another extension.
 * Such names are compared with those of the images that are there, and never opened.
 */
export class ImageNames {
  readonly #byFile = new Map<string, string[]>();
  readonly #ids: { has(id: string): boolean };

  constructor(ids: Iterable<string>) {
    const all = new Set(ids);
    this.#ids = all;
    for (const id of all) {
      const file = id.split('/').at(-1)!;
      this.#byFile.set(file, [...(this.#byFile.get(file) ?? []), id]);
    }
  }

  /**
   * The id of the image that is meant; undefined where none is.
   *
   * @param near - Folders in which it may lie.
   * @throws One line where several could be meant.
   */
  find(
    name: string,
    { where, near = [] }: { readonly where: string; readonly near?: readonly string[] },
  ): string | undefined {
    const parts = imageId(name)
      .split('/')
      .filter((part) => part !== '' && part !== '.' && part !== '..');
    const id = parts.join('/');
    if (this.#ids.has(id)) return id;
    const beside = near.map((folder) => `${folder}/${id}`).find((path) => this.#ids.has(path));
    if (beside !== undefined) return beside;
    const alike = this.#byFile.get(parts.at(-1) ?? '') ?? [];
    const best = Math.max(0, ...alike.map((other) => commonEnd(other, parts)));
    const likely = alike.filter((other) => commonEnd(other, parts) === best);
    const inFolder = likely.filter((other) => near.some((folder) => other.startsWith(`${folder}/`)));
    const left = likely.length > 1 && inFolder.length > 0 ? inFolder : likely;
    if (left.length > 1)
      throw new UserError(
        `${where}: ${name} may be ${left[0]!} or ${left[1]!}; write its path from the folder of the images, or rename one`,
      );
    return left[0];
  }
}

/** How many folders and files at the end of two paths are the same. */
function commonEnd(path: string, parts: readonly string[]): number {
  const own = path.split('/');
  let count = 0;
  while (count < own.length && count < parts.length && own.at(-1 - count) === parts.at(-1 - count)) count++;
  return count;
}
