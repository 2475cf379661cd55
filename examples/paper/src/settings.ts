/** Settings over a configuration, by key as one writes them behind `--set`; a value is plain data. */
export type Settings = Readonly<Record<string, unknown>>;

/** The same as words `key=value`, whose values are YAML, of which JSON is a part. */
export function settingWords(settings: Settings): string[] {
  return Object.entries(settings).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
}
