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
    throw new Error(`${enrichment.module} can't be imported: ${(error as Error).message.split('\n')[0]}`, {
      cause: error,
    });
  }
  const enrich = loaded[enrichment.export];
  if (typeof enrich !== 'function') {
    throw new Error(`${enrichment.module} exports no function "${enrichment.export}"`);
  }
  return enrich as Enrich;
}
