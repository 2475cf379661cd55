import { parseArgs, type ParseArgsConfig } from 'node:util';
import { errorText, UserError } from '@toco/files';

/** `parseArgs` of Node. @throws one line that names `--help` where words make no sense */
export function parsedWords<const T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (cause) {
    throw new UserError(`${errorText(cause).replace(/\.$/, '')}; --help lists all options.`, { cause });
  }
}
