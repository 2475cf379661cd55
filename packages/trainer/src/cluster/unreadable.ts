import { assertFewUnreadable, type UnreadableSample } from '@toco/datasets';
import type { Together } from './together.js';

/**
 * Counts the images that any of the processes could not read, each once: a process meets its own part of every batch only, and knows of
 * those alone.
 *
 * @throws on all processes the same line, where they are more than both limits
 */
export async function assertReadableTogether(
  together: Together,
  own: readonly UnreadableSample[],
  limits: { readonly length: number; readonly images: number; readonly share: number },
): Promise<void> {
  if (!together.peers) return;
  const all = (await together.gather('unreadable images', own)).flat();
  const each = new Map(all.map((sample) => [sample.index, sample]));
  assertFewUnreadable([...each.values()], limits);
}
