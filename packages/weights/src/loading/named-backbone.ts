import { type Backbone, backboneByName, type NamedBackboneOptions } from '@toco/backbone';
import { UserError } from '@toco/files';

/**
 * The backbone that a configuration or a command names.
 *
 * @throws one line: a name that there is not, with the nearest known one, or an option beyond the one that it names
 */
export function namedBackbone(
  name: string,
  options: NamedBackboneOptions,
): ReturnType<typeof backboneByName> {
  try {
    return backboneByName(name, options);
  } catch (error) {
    throw new UserError((error as Error).message, { cause: error });
  }
}

/** @throws one line where an option of named backbones is set for one of one's own */
export function assertUnnamed(
  { name }: Pick<Backbone, 'name'>,
  options: Partial<Pick<NamedBackboneOptions, 'depth' | 'positionResizing'>>,
): void {
  for (const key of ['depth', 'positionResizing'] as const) {
    if (options[key] !== undefined)
      throw new UserError(`backbone.${key} is for named backbones: ${name} is not one; leave it out.`);
  }
}
