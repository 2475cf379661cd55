import { parse } from 'yaml';

/** Plain data of YAML. Warnings of the parser are several lines, and what they are about is refused as a wrong value anyway. */
export function parseYaml(text: string): unknown {
  return parse(text, { logLevel: 'error' });
}
