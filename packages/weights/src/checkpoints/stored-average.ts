import { join } from 'node:path';
import { mapTree, type TensorTree, uploadTree } from '@toco/core';
import { UserError } from '@toco/files';
import { openSafetensors } from '@toco/formats';
import { checkpointFiles } from './checkpoint-files.js';

/** What the arrays of an average begin with, in the file of the optimizer's state. */
export function averagePrefix(name: string): string {
  return `average.${name}.`;
}

/**
 * Parameters with those that an average of a checkpoint covers in their place; replaced ones are disposed.
 *
 * @throws one line where the checkpoint has no such average
 */
export function withStoredAverage<T extends TensorTree>(folder: string, params: T, name: string): T {
  const prefix = averagePrefix(name);
  const file = openSafetensors(join(folder, checkpointFiles.optimizer));
  try {
    if (![...file.entries.keys()].some((key) => key.startsWith(prefix)))
      throw new UserError(
        `${folder}: has no average "${name}"; set evaluation.average to none, or name another.`,
      );
    return mapTree(params, (leaf, path) => {
      if (!file.entries.has(prefix + path)) return leaf;
      const { data, shape } = file.read(prefix + path);
      leaf.dispose();
      return uploadTree<{ stored: typeof leaf }>({ stored: { data, shape } }).stored;
    });
  } finally {
    file.close();
  }
}
