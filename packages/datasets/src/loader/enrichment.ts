import { fileURLToPath } from 'node:url';
import { UserError } from '@toco/files';
import type { TrainingSample } from './training-sample.js';

/**
 * Something more to compute for every training sample, in the worker thread that made it: a module, because threads can't
 * receive functions.
 */
export interface Enrichment {
  /** URL of a built JavaScript module, such as `new URL('./lattice.js', import.meta.url).href`. */
  readonly module: string;
  /** Name of the exported {@link Enrich} function. */
  readonly export: string;
  /** Plain data, handed to the function. */
  readonly options?: unknown;
}

/** The function that an {@link Enrichment} names. Its result is plain data and typed arrays. */
export type Enrich<Options = unknown, Enriched = unknown> = (
  sample: TrainingSample,
  options: Options,
) => Enriched | Promise<Enriched>;

/**
 * Imports the function that an enrichment names.
 *
 * @throws One line when the module can't be imported or exports no such function.
 */
export async function loadEnrichment(enrichment: Enrichment): Promise<Enrich> {
  let loaded: Record<string, unknown>;
  try {
    loaded = (await import(enrichment.module)) as Record<string, unknown>;
  } catch (error) {
    throw new UserError(
      `enrichment: ${enrichment.module} can't be imported: ${firstLine(error)}; give the URL of a JavaScript module, such as new URL('./arrays.js', import.meta.url).href.`,
      { cause: error },
    );
  }
  const enrich = loaded[enrichment.export];
  if (typeof enrich !== 'function') {
    const functions = Object.keys(loaded).filter((name) => typeof loaded[name] === 'function');
    throw new UserError(
      `enrichment: ${enrichment.module} exports no function "${enrichment.export}"; ${functions.length === 0 ? 'export it there' : `it exports ${functions.join(', ')}`}.`,
    );
  }
  return enrich as Enrich;
}

/** What an enrichment failed of, in one line that names the image, the function and its line. */
export function enrichmentError({ module, export: name }: Enrichment, id: string, error: unknown): UserError {
  const file = module.startsWith('file:') ? fileURLToPath(module) : module;
  const place = placeIn(error, [module, file]);
  return new UserError(
    `enrichment: ${name} of ${file} failed on the image ${id}: ${firstLine(error)}${place === undefined ? '' : ` (line ${place})`}; correct the function.`,
    { cause: error },
  );
}

/** Line and column of the first frame in a file. */
function placeIn(error: unknown, names: readonly string[]): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const frame of stack.split('\n').slice(1)) {
    const name = names.find((one) => frame.includes(`${one}:`));
    if (name !== undefined)
      return /^\d+:\d+/.exec(frame.slice(frame.indexOf(`${name}:`) + name.length + 1))?.[0];
  }
  return undefined;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!.replace(/\.$/, '');
}
