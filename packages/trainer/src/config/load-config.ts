import { readFile, stat } from 'node:fs/promises';
import { resolveBehavior } from '@toco/core';
import { parse, YAMLParseError } from 'yaml';
import type { Config } from './config.js';
import { parseConfig } from './parse-config.js';
import { UserError } from '@toco/files';

/** Warnings of the parser are several lines, and what they are about is refused as a wrong value anyway. */
const quiet = { logLevel: 'error' } as const;

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
    return parse(text, quiet) ?? {};
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const at = error.linePos?.[0];
    throw new UserError(`${path}${at ? `:${at.line}` : ''}: ${error.message.split('\n')[0]!}`, {
      cause: error,
    });
  }
}

/**
 * Plain data with `key.sub=value` settings: a value is YAML, so numbers, booleans and lists are what they look like. A behavior that
 * one word stands for is spelled out before, so that a setting can change one correction and leave the others.
 */
export function applySettings(
  data: Record<string, unknown>,
  settings: readonly string[],
): Record<string, unknown> {
  return settings.reduce((changed, setting) => {
    applySetting(changed, setting);
    return resolveBehavior(changed);
  }, resolveBehavior(data));
}

function applySetting(data: Record<string, unknown>, setting: string): void {
  const at = setting.indexOf('=');
  if (at < 1) throw new UserError(`--set ${setting}: write it as key=value, such as optimizer.lr=3e-5.`);
  const keys = setting.slice(0, at).split('.');
  const inherited = keys.find((key) => key in Object.prototype);
  if (inherited !== undefined)
    throw new UserError(`--set ${setting}: "${inherited}" is not a key of the configuration.`);
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
  const merged = applySettings(structuredClone(data) as Record<string, unknown>, settings);
  const source = settings.length > 0 ? `${path ?? 'defaults'} with --set` : (path ?? 'defaults');
  return parseConfig(merged, source);
}
