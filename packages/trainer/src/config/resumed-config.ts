import type { Config } from './config.js';
import { readYaml } from './load-config.js';
import { isObject, overlay } from './overlay.js';
import { parseConfig } from './parse-config.js';
import { withSettings } from './with-settings.js';
import { UserError } from '@toco/files';

/**
 * The configuration of a run that is resumed: the one it ran with, overlaid by what a YAML file names, overlaid by `key=value`
 * settings.
 *
 * @throws one line that names file and key
 */
export async function resumedConfig(
  ran: Config,
  { file, settings }: { readonly file?: string | undefined; readonly settings: readonly string[] },
): Promise<Config> {
  const given = file === undefined ? {} : await readYaml(file);
  if (!isObject(given)) throw new UserError(`${file}: holds no keys; write "key: value" lines.`);
  const overlaid = withSettings(overlay(ran, given) as object, settings);
  const sources = [...(file === undefined ? [] : [file]), ...(settings.length > 0 ? ['--set'] : [])];
  return parseConfig(overlaid, ['the configuration of the run', ...sources].join(' with '));
}
