import { readFile, stat } from 'node:fs/promises';
import { YAMLParseError } from 'yaml';
import type { Config, ConfigInput } from './config.js';
import { overlay } from './overlay.js';
import { parseConfig } from './parse-config.js';
import { parseYaml } from './parse-yaml.js';
import { withSettings } from './with-settings.js';
import { UserError } from '@toco/files';

/** Plain data of a YAML (or JSON) file. @throws one line: missing file, or a syntax error with its place */
export async function readYaml(path: string): Promise<unknown> {
  const read = async (): Promise<string> => {
    // A pipe would be waited for.
    if (!(await stat(path)).isFile()) throw new UserError('not an ordinary file');
    return readFile(path, 'utf8');
  };
  const text = await read().catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      `${path}: ${error.code === 'ENOENT' ? 'no such file' : error.message}; check --config.`,
    );
  });
  try {
    return parseYaml(text) ?? {};
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const at = error.linePos?.[0];
    throw new UserError(`${path}${at ? `:${at.line}` : ''}: ${error.message.split('\n')[0]!}`, {
      cause: error,
    });
  }
}

/**
 * A run's configuration: defaults, overlaid by a YAML file, overlaid by `key=value` settings.
 *
 * @param under what takes the place of defaults, such as what is known of a network
 * @throws one line that names file and key
 * @example
 * const config = await loadConfig('voc.yaml', ['optimizer.lr=3e-5']);
 */
export async function loadConfig(
  path?: string,
  settings: readonly string[] = [],
  under: ConfigInput = {},
): Promise<Config> {
  const data = path === undefined ? {} : await readYaml(path);
  if (typeof data !== 'object' || Array.isArray(data)) {
    throw new UserError(`${path ?? 'config'}: holds no keys; write "key: value" lines.`);
  }
  const merged = withSettings(overlay(under, data) as object, settings);
  const source = settings.length > 0 ? `${path ?? 'defaults'} with --set` : (path ?? 'defaults');
  return parseConfig(merged, source);
}
