import { applySettings } from './load-config.js';

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
