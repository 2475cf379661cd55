import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Backbone } from '@toco/backbone';

const fields = ['name', 'stride', 'tokenDim', 'auxDim', 'mean', 'std', 'init', 'trainable', 'apply'] as const;

/**
 * The backbone that a user's module exports under the name `backbone`.
 *
 * @throws one line: no such file, no such export, or a field that is missing
 */
export async function loadBackbone(path: string): Promise<Backbone> {
  const file = resolve(path);
  if (!existsSync(file)) throw new Error(`--backbone ${path}: no such file.`);
  const { backbone } = (await import(pathToFileURL(file).href)) as { backbone?: Partial<Backbone> };
  if (backbone === undefined) {
    throw new Error(
      `--backbone ${path}: exports no "backbone"; write "export const backbone = { … }" there.`,
    );
  }
  const missing = fields.filter((field) => backbone[field] === undefined);
  if (missing.length > 0) throw new Error(`--backbone ${path}: the backbone lacks ${missing.join(', ')}.`);
  return backbone as Backbone;
}
