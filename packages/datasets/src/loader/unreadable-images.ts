import type { UnreadableSample } from './substitution.js';
import { UserError } from '@toco/files';

/** How many images of a list may be unreadable: a run ends when there are more than both. */
export interface UnreadableLimits {
  readonly images: number;
  /** Share of the list, 0 … 1. */
  readonly share: number;
}

/** Counts the images that can't be read, each once. */
export interface UnreadableImages {
  /** Each image once, in the order of their batches. */
  readonly found: readonly UnreadableSample[];
  /** @throws One line when there are too many now. */
  add(samples: readonly UnreadableSample[]): void;
}

/** A few images that can't be read are replaced and told; many are a fault of the data, which a run must not train around. */
export function unreadableImages(
  length: number,
  { images, share }: UnreadableLimits,
  onUnreadable: (sample: UnreadableSample) => void,
): UnreadableImages {
  const seen = new Set<number>();
  const found: UnreadableSample[] = [];
  return {
    found,
    add(samples) {
      for (const sample of samples) {
        if (seen.has(sample.index)) continue;
        seen.add(sample.index);
        found.push(sample);
        onUnreadable(sample);
      }
      assertFewUnreadable(found, { length, images, share });
    },
  };
}

/** @throws One line when images of a list of `length` that can't be read are more than both limits. */
export function assertFewUnreadable(
  found: readonly UnreadableSample[],
  { length, images, share }: UnreadableLimits & { readonly length: number },
): void {
  if (found.length <= images || found.length <= share * length) return;
  const percent = (100 * found.length) / length;
  throw new UserError(
    `${found.length} of ${length} images (${percent.toFixed(1)} %) can't be read, the last is ${found.at(-1)!.message}; ` +
      `more than ${images} and more than ${Number((100 * share).toPrecision(6))} % end the run. Replace or remove them (toco check names them)`,
  );
}
