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
      `${where}: these are annotations in COCO's form, which are read in your own folder (data.dataset=folder); elsewhere write the class names of each image as { "a": ["cat", "dog"] }`,
    );
  }
  const twice = repeatedKey(text);
  if (twice !== undefined)
    throw new UserError(`${where}, ${twice}: stands there twice; write all its classes in one list`);
  const names = new Map<string, string[]>();
  for (const [id, value] of Object.entries(document) as [string, unknown][]) {
    if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) {
      throw new UserError(`${where}, ${id}: not a list of class names`);
    }
    names.set(id, value);
  }
  return { names };
}

/** The first key of the outermost object that stands there twice: of these JSON.parse would keep the last without a word. */
function repeatedKey(text: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  let before = '';
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]/gs)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (token === ':' && depth === 1) {
      const key = JSON.parse(before) as string;
      if (seen.has(key)) return key;
      seen.add(key);
    }
    before = token;
  }
  return undefined;
}
