import { statSync } from 'node:fs';
import { UserError } from '@toco/files';
import type { Command } from 'commander';

/**
 * Merging computes nothing: what it puts together was decided when the parts were made.
 *
 * @param paths what it was given as files
 * @param taken long names of the options that it heeds
 * @throws one line that names an option that would be ignored, or a folder
 */
export function assertMerge(command: Command, paths: readonly string[], taken: readonly string[]): void {
  const ignored = command.options.find(
    (option) =>
      !taken.includes(option.long!) && command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (ignored !== undefined)
    throw new UserError(
      `${ignored.long!}: belongs to the commands that make the parts, not to --merge, which takes ${taken.join(', ')}.`,
    );
  const folder = paths.find((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory());
  if (folder !== undefined)
    throw new UserError(`${folder}: is a folder; --merge takes the files of the parts, and no run.`);
}
