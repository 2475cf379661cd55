import { backboneByName, type NamedBackboneOptions } from '@toco/backbone';
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
