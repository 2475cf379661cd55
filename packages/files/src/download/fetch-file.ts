import { constants, existsSync } from 'node:fs';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileSize } from '../file-size.js';
import { assertRoom, freeSpace, roomWithin } from '../free-space.js';
import { assertNotAborted } from '../on-progress.js';
import { UserError } from '../user-error.js';
import { attempt, type AttemptOptions, watchConnection } from './attempts.js';

/** Options of every download. */
export interface FetchOptions extends AttemptOptions {
  /** Told as bytes arrive: those that are there, and those of the whole file where the server says it. */
  readonly onBytes?: ((done: number, total: number | undefined) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes at which a file is given up whose size the server does not announce. */
  readonly most?: number | undefined;
}

/** What a server answers. */
export interface Answer {
  readonly response: Response;
  /** Bytes of the whole file, where the server says it. */
  readonly size: number | undefined;
}

/** What differs between servers: how they are asked, what their answers are good for, and what the user is told. */
export interface Origin<A extends Answer> {
  /** Where bytes arrive. */
  readonly unfinished: string;
  /** Files that go with it. */
  readonly beside: readonly string[];
  /** Asks for what follows the bytes that are there; the answer may be the whole file all the same. */
  ask(have: number, signal: AbortSignal): Promise<A>;
  /** Told before the first byte of an answer is written; what does not belong to the same file is gone by then. */
  began(answer: A): Promise<void>;
  /** @throws {@link Worthless} where the whole file is not what it should be */
  check(answer: A): Promise<void>;
  /** The lines for a status that won't change, for more bytes than there should be, and for the end of all attempts. */
  readonly refused: (status: number, answer: string) => string;
  tooMuch(bytes: number, announced: number | undefined): string;
  gaveUp(reason: string): string;
}

/** A server's refusal that asking again would not change. */
export class Refused extends UserError {
  constructor(
    message: string,
    /** HTTP status. */
    readonly status: number,
  ) {
    super(message);
  }
}

/** What has arrived is no part of the file that was asked for: nothing of it stays. */
export class Worthless extends UserError {}

/**
 * Fetches a file whole or not at all. It goes on with what broken connections and earlier calls have left, as far as the
 * origin can tell that it belongs to the same file.
 *
 * @returns the last answer; undefined where another process that fetches the same file was faster
 * @throws one line: refused, no room, more bytes than announced, not what it should be, or a connection that keeps breaking
 */
export async function fetchFile<A extends Answer>(
  path: string,
  origin: Origin<A>,
  options: FetchOptions,
): Promise<A | undefined> {
  const { unfinished, beside } = origin;
  const { signal } = options;
  const forget = async (files: readonly string[]): Promise<void> => {
    for (const file of files) await rm(file, { force: true });
  };
  const replaces = existsSync(path);
  let answer: A | undefined;
  await mkdir(dirname(path), { recursive: true });
  const work = {
    async once() {
      const last = await fetchRest(origin, options);
      await origin.check(last);
      await rename(unfinished, path);
      await forget(beside);
      answer = last;
    },
    size: async () => (await fileSize(unfinished)) ?? 0,
    async judge(error: unknown) {
      if (!replaces && existsSync(path)) {
        await forget([unfinished, ...beside]);
        return true;
      }
      if (error instanceof Worthless) await forget([unfinished, ...beside]);
      // First of all: the reason of an interruption is one that users are told, too.
      assertNotAborted(signal);
      if (error instanceof UserError) throw error;
      if (!['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw new UserError(`${unfinished}: the disk is full; free some space and run the same command again`, {
        cause: error,
      });
    },
    giveUp: (error: unknown) => new UserError(origin.gaveUp(reasonOf(error)), { cause: error }),
  };
  try {
    await attempt(work, options, signal);
    return answer;
  } catch (error) {
    // What stays is what another call can build upon.
    if ((await work.size()) === 0) await forget([unfinished, ...beside]);
    throw error;
  }
}

/** One connection: goes on behind the bytes that are there. */
async function fetchRest<A extends Answer>(origin: Origin<A>, options: FetchOptions): Promise<A> {
  const file = await open(origin.unfinished, constants.O_RDWR | constants.O_CREAT);
  try {
    // Before the request: of a connection that breaks while the disk is asked, what has arrived would be lost.
    const [{ size: have }, free] = [await file.stat(), await freeSpace(dirname(origin.unfinished))];
    return await receive(origin, { file, have, free }, options);
  } finally {
    await file.close();
  }
}

async function receive<A extends Answer>(
  origin: Origin<A>,
  { file, have, free }: { readonly file: FileHandle; readonly have: number; readonly free: number },
  { onBytes, signal, most = Infinity, ...how }: FetchOptions,
): Promise<A> {
  const watch = watchConnection(how);
  try {
    const signals = [watch.signal, ...(signal === undefined ? [] : [signal])];
    const answer = await origin.ask(have, AbortSignal.any(signals));
    const { response, size } = answer;
    const start = await startOf(answer, have, origin);
    if (response.status === 416) return answer;
    if (start < have) await file.truncate(start);
    if (size !== undefined) assertRoom(dirname(origin.unfinished), size - start, free);
    await origin.began(answer);
    const limit = size ?? Math.min(most, roomWithin(free));
    let bytes = start;
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      watch.arrived(chunk.length);
      if (bytes + chunk.length > limit) throw new Worthless(origin.tooMuch(bytes + chunk.length, size));
      await writeAll(file, chunk, bytes);
      bytes += chunk.length;
      onBytes?.(bytes, size);
    }
    if (size !== undefined && bytes < size)
      throw new Error(`the connection ended after ${bytes} of ${size} bytes`);
    await file.sync();
    return answer;
  } finally {
    watch.stop();
  }
}

/** The position in the file that an answer's bytes begin at. @throws where the answer is none */
async function startOf<A extends Answer>(
  { response, size }: Answer,
  have: number,
  { unfinished, refused }: Origin<A>,
): Promise<number> {
  const { status, statusText, headers } = response;
  if (status === 200) return 0;
  const first = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1];
  if (status === 206 && Number(first) === have) return have;
  await response.body?.cancel();
  // All bytes were there already.
  if (status === 416 && size === have) return have;
  const answer = `the server answers ${status} ${statusText}`.trim();
  if (status === 206 || status === 416) {
    await rm(unfinished, { force: true }); // its bytes are not this file's: from the beginning, then
    throw new Error(answer);
  }
  if (status === 408 || status === 429 || status >= 500) throw new Error(answer);
  throw new Refused(refused(status, answer), status);
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/** Bytes of the whole file that a response is, or is a part of. */
export function announcedSize({ status, headers }: Response): number | undefined {
  if (status === 206 || status === 416)
    return wholeNumber(/\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1]);
  return status === 200 ? wholeNumber(headers.get('content-length')) : undefined;
}

/** A number of bytes as a header gives it. */
export function wholeNumber(text: string | null | undefined): number | undefined {
  const value = Number(text);
  return text && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** fetch hides the reason behind "fetch failed". */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const deeper = cause instanceof Error ? (cause as NodeJS.ErrnoException) : undefined;
  return (
    message === 'fetch failed' && deeper !== undefined ? deeper.message || (deeper.code ?? message) : message
  ).split('\n', 1)[0]!;
}
