import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Backbone } from '@toco/backbone';
import { UserError } from '@toco/files';
import { type TrainedParts, wasGiven } from './trained-parts.js';

const fields = ['name', 'stride', 'tokenDim', 'auxDim', 'mean', 'std', 'init', 'trainable', 'apply'] as const;

/**
 * The backbone that a user's module exports under the name `backbone`.
 *
 * @param given what named the module, for errors
 * @throws one line: no such file, no such export, or a field that is missing
 */
export async function loadBackbone(path: string, given = '--backbone'): Promise<Backbone> {
  const file = resolve(path);
  if (!existsSync(file)) {
    const hint = given === '--backbone' ? '' : ' Name where it is now with --backbone.';
    throw new UserError(`${given} ${path}: no such file.${hint}`);
  }
  const { backbone } = (await import(pathToFileURL(file).href)) as { backbone?: Partial<Backbone> };
  if (backbone === undefined) {
    throw new UserError(
      `${given} ${path}: exports no "backbone"; write "export const backbone = { … }" there.`,
    );
  }
  const missing = fields.filter((field) => backbone[field] === undefined);
  if (missing.length > 0) throw new UserError(`${given} ${path}: the backbone lacks ${missing.join(', ')}.`);
  return backbone as Backbone;
}

/**
 * The backbone of one's own that a configuration remembers by its module; undefined where it names one of ours.
 *
 * @param trained the checkpoint whose backbone it is, where there is one
 * @throws one line where the checkpoint is of a backbone that it could not remember, whatever its name
 */
export async function rememberedBackbone(
  { backbone: { module } }: { readonly backbone: { readonly module?: string | undefined } },
  print: (line: string) => void,
  trained?: TrainedParts,
): Promise<Backbone | undefined> {
  if (module === undefined) {
    if (trained && wasGiven('backbone', trained))
      throw new UserError(
        `${trained.name}: was trained with a backbone given as an object, which no checkpoint holds; give the same: { backbone } in a program, --backbone file.js to a command, or its file by backbone.module.`,
      );
    return undefined;
  }
  const backbone = await loadBackbone(module, 'backbone.module');
  print(`Backbone ${backbone.name} of ${module}.`);
  return backbone;
}
