import { readFile } from 'node:fs/promises';
import { parse, YAMLParseError } from 'yaml';
import type { Config } from './config.js';
import { parseConfig } from './parse-config.js';
import { UserError } from '@toco/files';

/** Warnings of the parser are several lines, and what they are about is refused as a wrong value anyway. */
const quiet = { logLevel: 'error' } as const;

/** Plain data of a YAML (or JSON) file. @throws one line: missing file, or a syntax error with its place */
export async function readYaml(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      `${path}: ${error.code === 'ENOENT' ? 'no such file' : error.message}; check --config.`,
    );
  });
  try {
    return parse(text, quiet) ?? {};
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const at = error.linePos?.[0];
    throw new UserError(`${path}${at ? `:${at.line}` : ''}: ${error.message.split('\n')[0]!}`, {
      cause: error,
    });
  }
}

/** `key.sub=value` into the plain data: the value is YAML, so numbers, booleans and lists are what they look like. */
export function applySetting(data: Record<string, unknown>, setting: string): void {
  const at = setting.indexOf('=');
  if (at < 1) throw new UserError(`--set ${setting}: write it as key=value, such as optimizer.lr=3e-5.`);
  const keys = setting.slice(0, at).split('.');
  const inherited = keys.find((key) => key in Object.prototype);
  if (inherited !== undefined)
    throw new UserError(`--set ${setting}: "${inherited}" is no key of a configuration.`);
  const last = keys.pop()!;
  let branch = data;
  for (const key of keys) {
    const next = branch[key];
    if (typeof next !== 'object' || next === null) branch[key] = {};
    branch = branch[key] as Record<string, unknown>;
  }
  try {
    branch[last] = parse(setting.slice(at + 1), quiet);
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]!.replace(/ at line \d+, column \d+:$/, '');
    throw new UserError(`--set ${setting}: ${reason}; the value is YAML: quote the text that it is not.`, {
      cause: error,
    });
  }
}

/**
 * A run's configuration: defaults, overlaid by a YAML file, overlaid by `key=value` settings.
 *
 * @throws one line that names file and key
 * @example
 * const config = await loadConfig('voc.yaml', ['optimizer.lr=3e-5']);
 */
export async function loadConfig(path?: string, settings: readonly string[] = []): Promise<Config> {
  const data = path === undefined ? {} : await readYaml(path);
  if (typeof data !== 'object' || Array.isArray(data)) {
    throw new UserError(`${path ?? 'config'}: holds no keys; write "key: value" lines.`);
  }
  const merged = structuredClone(data) as Record<string, unknown>;
  for (const setting of settings) applySetting(merged, setting);
  const source = settings.length > 0 ? `${path ?? 'defaults'} with --set` : (path ?? 'defaults');
  return parseConfig(merged, source);
}
