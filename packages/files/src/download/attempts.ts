import { setTimeout as wait } from 'node:timers/promises';

/** How long and how often a download is tried. */
export interface AttemptOptions {
  /** Attempts in a row without progress before it is given up; default: 5. */
  readonly attempts?: number | undefined;
  /** Milliseconds before the second attempt; doubled for each further one. Default: 1000. */
  readonly pause?: number | undefined;
  /** Milliseconds after which a connection counts as broken that brought next to nothing (see `slowest`) in them; default: a minute. */
  readonly patience?: number | undefined;
  /** Bytes per second below which neither a connection nor an attempt counts as progress; default: 1000. */
  readonly slowest?: number | undefined;
}

/** What {@link attempt} tries, and what it does about failures. */
export interface Attempted {
  /** One attempt. */
  readonly once: () => Promise<void>;
  /** Bytes that have arrived so far. */
  readonly size: () => Promise<number>;
  /** Says whether all is done in spite of a failure, or throws where another attempt won't help. */
  readonly judge: (error: unknown) => Promise<boolean>;
  /** The error to end with. */
  readonly giveUp: (error: unknown) => Error;
}

/**
 * Tries until it is through, given up or aborted. A byte before each break is no progress, nor is what had arrived once before and
 * was thrown away: it would go on for ever.
 */
export async function attempt(
  { once, size, judge, giveUp }: Attempted,
  { attempts = 5, pause = 1000, slowest = 1000 }: AttemptOptions,
  signal?: AbortSignal,
): Promise<void> {
  let most = 0;
  for (let failed = 0; ;) {
    const began = performance.now();
    try {
      return await once();
    } catch (error) {
      if (await judge(error)) return;
      const arrived = await size();
      const worthwhile = arrived - most > (slowest * (performance.now() - began + pause)) / 1000;
      most = Math.max(most, arrived);
      failed = worthwhile ? 1 : failed + 1;
      if (failed >= attempts) throw giveUp(error);
      await wait(pause * 2 ** (failed - 1), undefined, { signal }).catch(() => judge(error));
    }
  }
}

/** Watches a connection: its signal ends one that brings next to nothing. */
export interface ConnectionWatch {
  readonly signal: AbortSignal;
  arrived(bytes: number): void;
  stop(): void;
}

/** Starts to watch a connection. */
export function watchConnection({ patience = 60_000, slowest = 1000 }: AttemptOptions): ConnectionWatch {
  const stall = new AbortController();
  const least = Math.max(1, (slowest * patience) / 1000);
  let recent = 0;
  const timer = setInterval(() => {
    if (recent < least) stall.abort(new Error(`${recent} bytes in ${patience / 1000} seconds`));
    recent = 0;
  }, patience);
  return {
    signal: stall.signal,
    arrived(bytes) {
      recent += bytes;
    },
    stop() {
      clearInterval(timer);
    },
  };
}
