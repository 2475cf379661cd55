import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Enrichment } from '@toco/datasets';

/** What a checkpoint says of an enrichment: the same on every machine. */
export interface EnrichmentFacts {
  /** File name of its module. */
  readonly module: string;
  readonly export: string;
  /** Its options as JSON has them, arrays of numbers by their checksum; left out where there are none, or JSON has none such. */
  readonly options?: unknown;
}

/** What a checkpoint says of an enrichment. */
export function enrichmentFacts({ module, export: name, options }: Enrichment): EnrichmentFacts {
  const text = jsonOf(options);
  return {
    module: module.startsWith('file:') ? basename(new URL(module).pathname) : module,
    export: name,
    ...(text !== undefined && { options: JSON.parse(text) as unknown }),
  };
}

function jsonOf(options: unknown): string | undefined {
  try {
    return JSON.stringify(options, plain) as string | undefined;
  } catch {
    return undefined; // an object within itself
  }
}

/** What threads can receive and JSON can't write, as something that it can. */
function plain(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Map || value instanceof Set) return [...(value as Iterable<unknown>)];
  if (!ArrayBuffer.isView(value)) return value;
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return `sha256 ${createHash('sha256').update(bytes).digest('hex')}`;
}
