import { mkdir, open, rm, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const beat = 1000;
const stale = 6 * beat;

/** How {@link withLock} waits. */
export interface LockOptions {
  /** Called once where another process holds the lock. */
  readonly onWait?: (() => void) | undefined;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `work` while holding a lock file, so that two processes do not do the same thing at once. The holder touches the
 * file every second; one that was not touched for six seconds belongs to a process that is gone (this sees through
 * containers that share a folder but not their process ids). The lock only saves work: what makes a result whole is that
 * finished files and folders are renamed into place, so two holders at once would do no harm. That is why it is no `lockRun`,
 * which may never let two in, names the holder instead of waiting, and pays for it with numbered locks and the holder's story in
 * each: here an empty file that is gone after the work is enough.
 *
 * @throws what `work` throws, or the signal's reason while it waits
 * @example
 * await withLock('data/.lock', () => prepare('data'), { onWait: () => console.log('waiting') });
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  { onWait, signal }: LockOptions = {},
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  let told = false;
  for (;;) {
    try {
      await (await open(path, 'wx')).close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const touched = (await stat(path).catch(() => undefined))?.mtimeMs;
    if (touched !== undefined && Date.now() - touched > stale) await rm(path, { force: true });
    else {
      if (!told) onWait?.();
      told = true;
      await wait(beat / 4, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }
  const timer = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), beat);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await rm(path, { force: true });
  }
}
