import { resolveBehavior } from '@toco/core';
import { UserError } from '@toco/files';
import { parseYaml } from './parse-yaml.js';

/**
 * A copy of a configuration with `key=value` settings. The name of a backbone takes the place of a module that exports one,
 * unless a module is set too.
 *
 * @throws one line where a setting is not written as `key=value`
 */
export function withSettings(config: object, settings: readonly string[]): Record<string, unknown> {
  const data = structuredClone(config) as Record<string, unknown>;
  const names = (key: string): boolean => settings.some((setting) => setting.startsWith(`${key}=`));
  if (names('backbone.name') && !names('backbone.module')) {
    delete (data['backbone'] as Record<string, unknown> | undefined)?.['module'];
  }
  return applySettings(data, settings);
}

/**
 * Plain data with `key.sub=value` settings: a value is YAML, so numbers, booleans and lists are what they look like. A behavior that
 * one word stands for is spelled out before, so that a setting can change one correction and leave the others.
 */
function applySettings(data: Record<string, unknown>, settings: readonly string[]): Record<string, unknown> {
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
    branch[last] = parseYaml(setting.slice(at + 1));
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]!.replace(/ at line \d+, column \d+:$/, '');
    throw new UserError(`--set ${setting}: ${reason}; the value is YAML: quote the text that it is not.`, {
      cause: error,
    });
  }
}
