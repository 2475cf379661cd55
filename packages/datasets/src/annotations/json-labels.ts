import type { NamedLabels } from './csv-labels.js';
import { UserError } from '@toco/files';

/**
 * The labels in JSON: an object of class names by image id.
 *
 * @param where - What messages call the file.
 * @throws One line that names the file, and the id where one is wrong.
 */
export function jsonLabels(text: string, where: string): NamedLabels {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${where}: ${(error as Error).message.replaceAll(/\s+/g, ' ').slice(0, 300)}`, {
      cause: error,
    });
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new UserError(`${where}: not an object of class names by image id`);
  }
  if ('images' in document && 'annotations' in document && 'categories' in document) {
    throw new UserError(
      `${where}: these are annotations in COCO's form, which are read in a folder of one's own (data.dataset=folder); elsewhere write the class names of each image as { "a": ["cat", "dog"] }`,
    );
  }
  const names = new Map<string, string[]>();
  for (const [id, value] of Object.entries(document) as [string, unknown][]) {
    if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) {
      throw new UserError(`${where}, ${id}: not a list of class names`);
    }
    names.set(id, value);
  }
  return { names };
}
