import { mkdir, open, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { attempt, type AttemptOptions, watchConnection } from './attempts.js';
import { assertNotAborted } from '../on-progress.js';
import { fileSize } from '../file-size.js';
import { requireFreeSpace, roomFor } from '../free-space.js';
import { readableBytes } from '../readable-bytes.js';
import { UserError } from '../user-error.js';
import { ChecksumError, verifyChecksum } from '../checksum.js';

/** Options of {@link download}. */
export interface DownloadOptions extends AttemptOptions {
  /** Checked before the file takes its name: `md5:…` or `sha256:…`. */
  readonly checksum?: string | undefined;
  readonly onBytes?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes at which a file is given up whose size the server does not announce. */
  readonly most?: number | undefined;
}

/** The largest archive of VOC, SBD and COCO has 19 GB. */
const largestUnannounced = 40e9;

/** Trouble that another attempt won't end. */
class Refusal extends UserError {}

/** What has arrived is no part of the file that was asked for. */
class TooMuch extends Refusal {}

/**
 * Downloads a file. What an earlier call left unfinished (`PATH.download`) is gone on with, where the server knows ranges and
 * still has the same file; the file has its name only once it is whole and its checksum right.
 *
 * @throws One line that names the address: not found, no room, a wrong checksum, more bytes than announced, or a connection
 * that keeps breaking or crawls.
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<void> {
  const { checksum, signal, most = largestUnannounced } = options;
  const unfinished = `${path}.download`;
  await mkdir(dirname(path), { recursive: true });
  const work = {
    once: () => fetchOnce(url, unfinished, { ...options, most }),
    size: async () => (await fileSize(unfinished)) ?? 0,
    async judge(error: unknown) {
      if (error instanceof TooMuch) await forget(unfinished);
      if (error instanceof Refusal) throw error;
      assertNotAborted(signal);
      return false;
    },
    giveUp: (error: unknown) =>
      new UserError(`${url}: ${reason(error)}; run the same command again to go on`, { cause: error }),
  };
  await attempt(work, options, signal);
  if (checksum !== undefined) {
    await verifyChecksum(unfinished, checksum).catch(async (error: Error) => {
      if (!(error instanceof ChecksumError)) throw error;
      await forget(unfinished);
      throw new UserError(error.message.replace(unfinished, url), { cause: error });
    });
  }
  await rename(unfinished, path);
  await rm(identityFile(unfinished), { force: true });
}

/** One connection: goes on behind the bytes that are there. */
async function fetchOnce(
  url: string,
  path: string,
  { onBytes, signal, most, ...how }: DownloadOptions & { readonly most: number },
): Promise<void> {
  const have = (await fileSize(path)) ?? 0;
  const identity = await readFile(identityFile(path), 'utf8').catch(() => '');
  const goOn = have > 0 && identity !== '';
  const watch = watchConnection(how);
  try {
    const response = await fetch(url, {
      headers: {
        'accept-encoding': 'identity',
        ...(goOn && { range: `bytes=${have}-`, 'if-range': identity }),
      },
      signal: signal === undefined ? watch.signal : AbortSignal.any([signal, watch.signal]),
    });
    const { start, total } = await placeInFile(response, { url, path, have });
    if (start === total && response.status === 416) return;
    if (start === 0) await rm(path, { force: true });
    else await truncate(path, start);
    const validator = strongValidator(response.headers);
    if (total !== undefined) await requireFreeSpace(dirname(path), total - start).catch(refuse);
    const limit = total ?? Math.min(most, await roomFor(dirname(path)));
    await writeFile(identityFile(path), validator).catch(refuseFullDisk(path));
    let bytes = start;
    const file = await open(path, 'a');
    try {
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        watch.arrived(chunk.length);
        bytes += chunk.length;
        if (bytes > limit) {
          throw new TooMuch(
            total === undefined
              ? `${url}: the server announces no size and has sent ${readableBytes(bytes)}; fetch the file yourself and give its path`
              : `${url}: the server sends more than the ${total} bytes that it announced; check the address`,
          );
        }
        await file.writeFile(chunk).catch(refuseFullDisk(path));
        onBytes?.(bytes, total ?? bytes);
      }
    } finally {
      await file.close();
    }
    if (total !== undefined && bytes < total)
      throw new Error(`the connection ended after ${bytes} of ${total} bytes`);
  } finally {
    watch.stop();
  }
}

/** Where the response's bytes belong, and the whole file's length where the server says it. */
async function placeInFile(
  response: Response,
  { url, path, have }: { url: string; path: string; have: number },
): Promise<{ start: number; total: number | undefined }> {
  const { status, headers } = response;
  const length = headers.get('content-length');
  if (status === 200) return { start: 0, total: length === null ? undefined : Number(length) };
  const [, first, last] = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
  if (status === 206 && Number(first) === have) return { start: have, total: Number(last) };
  await response.body?.cancel();
  // All bytes were there already.
  if (status === 416 && Number(last) === have) return { start: have, total: have };
  const answer = `the server answers ${status} ${response.statusText}`.trim();
  if (status === 206 || status === 416) {
    await rm(path, { force: true }); // its bytes are not this file's: from the beginning, then
    throw new Error(answer);
  }
  if (status === 408 || status === 429 || status >= 500) throw new Error(answer);
  throw new Refusal(`${url}: ${answer}; check the address`);
}

/** What tells this version of the file from others byte by byte; empty where the server gives no such thing. */
function strongValidator(headers: Headers): string {
  const tag = headers.get('etag');
  return tag !== null && !tag.startsWith('W/') ? tag : (headers.get('last-modified') ?? '');
}

/** Nothing of a download that was no good stays. */
async function forget(unfinished: string): Promise<void> {
  await rm(unfinished, { force: true });
  await rm(identityFile(unfinished), { force: true });
}

function identityFile(path: string): string {
  return `${path}.identity`;
}

function refuse(error: unknown): never {
  throw new Refusal((error as Error).message, { cause: error });
}

function refuseFullDisk(path: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') throw error;
    throw new Refusal(`${path}: the disk is full; free some space and run the same command again`, {
      cause: error,
    });
  };
}

/** fetch hides the reason behind "fetch failed". */
function reason(error: unknown): string {
  const { message, cause } = error as Error;
  const deeper = cause instanceof Error ? (cause as NodeJS.ErrnoException) : undefined;
  return (
    message === 'fetch failed' && deeper !== undefined ? deeper.message || (deeper.code ?? message) : message
  ).split('\n', 1)[0]!;
}
