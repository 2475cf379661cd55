import { constants, existsSync } from 'node:fs';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { roomFor } from '../free-space.js';
import { hashFile } from '../hash-file.js';
import { fileSize } from '../file-size.js';
import { UserError } from '../user-error.js';
import { attempt, type AttemptOptions, watchConnection } from './attempts.js';
import { requestFile, type HubAnswer } from './hub-request.js';

/** Options of {@link downloadFile}. */
export interface HubDownloadOptions extends AttemptOptions {
  /** Called as bytes arrive. */
  readonly progress?: ((done: number, total: number | undefined) => void) | undefined;
  /** Throws where the whole file is not what it should be. */
  readonly verify?: ((path: string) => void) | undefined;
  /** Bytes at which a file is given up whose size the server does not announce. */
  readonly most?: number | undefined;
}

/** No weights of a vision transformer are larger: ViT-g has 4.6 GB. */
const largestUnannounced = 20e9;

/** What can't become better by trying again. */
class FinalError extends UserError {}

/**
 * Downloads a file whole or not at all. What has arrived is kept beside `path` as `….part`, and a later call, or the next
 * attempt after a broken connection, asks for the rest only. The file takes its name once size and SHA-256 are what the
 * server says. Where it gives no hash, size alone decides, and what an earlier call has left is not used.
 *
 * @throws one line: no such file, no access, no connection or one that crawls, more bytes than announced, another hash, a
 * full disk
 */
export async function downloadFile(
  address: URL,
  path: string,
  options: HubDownloadOptions = {},
): Promise<void> {
  const { verify, most = largestUnannounced } = options;
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.part`;
  const work = {
    async once(failed: number) {
      const { sha256 } = await fetchRest(address, partial, { ...options, most, own: failed > 0 });
      await assertContent(partial, { sha256, verify, address });
      await rename(partial, path);
    },
    size: () => sizeOf(partial),
    async judge(error: unknown) {
      // Another process that downloads the same file was faster.
      if (existsSync(path)) {
        await rm(partial, { force: true });
        return true;
      }
      if (error instanceof FinalError) {
        // What is kept is what another call can build upon.
        if ((await sizeOf(partial)) === 0) await rm(partial, { force: true });
        throw error;
      }
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') return false;
      throw new UserError(
        `${partial}: the disk is full; make room and call again, it goes on where it stopped.`,
        { cause: error },
      );
    },
    giveUp: (error: unknown) => unreachable(address, error as Error),
  };
  await attempt(work, options);
}

interface FetchOptions extends Pick<HubDownloadOptions, 'progress' | keyof AttemptOptions> {
  readonly most: number;
  /** Whether this call itself has fetched what is there. */
  readonly own: boolean;
}

/** Appends what is missing of a file. @returns what the server says of the whole */
async function fetchRest(
  address: URL,
  partial: string,
  { progress, most, own, ...how }: FetchOptions,
): Promise<HubAnswer> {
  const watch = watchConnection(how);
  // Not emptied: two processes that download the same file write the same bytes to the same places.
  const file = await open(partial, constants.O_RDWR | constants.O_CREAT);
  try {
    const { size: start } = await file.stat();
    let answer = await requestFile(address, { start, signal: watch.signal });
    if (start > 0 && !own && answer.sha256 === undefined && answer.response.status !== 200) {
      // Nothing would tell whether the rest belongs to what is there.
      await answer.response.body?.cancel();
      answer = await requestFile(address, { start: 0, signal: watch.signal });
    }
    let position = await startOf(answer, start, address);
    const limit = answer.size ?? Math.min(most, await roomFor(dirname(partial)));
    const chunks: AsyncIterable<Uint8Array> | [] =
      answer.response.status === 416 ? [] : answer.response.body!;
    for await (const chunk of chunks) {
      watch.arrived(chunk.length);
      if (position + chunk.length > limit) {
        await file.truncate(0);
        throw new FinalError(tooMuch(address, answer.size));
      }
      await writeAll(file, chunk, position);
      position += chunk.length;
      progress?.(position, answer.size);
    }
    if (answer.size !== undefined && position !== answer.size) {
      throw new Error(`${position} of ${answer.size} bytes arrived`);
    }
    await file.truncate(position);
    await file.sync();
    return answer;
  } finally {
    watch.stop();
    await file.close();
  }
}

/** The position that an answer's bytes begin at. @throws where the answer is none */
async function startOf({ response, size }: HubAnswer, asked: number, address: URL): Promise<number> {
  const { status, headers } = response;
  if (status === 200) return 0;
  if (status === 206) {
    const start = Number(/^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1] ?? Number.NaN);
    if (start !== asked) throw new FinalError(`${address.href}: answers with another range than asked for.`);
    return start;
  }
  await response.body?.cancel();
  // Everything had arrived already.
  if (status === 416 && size === asked) return asked;
  if (status === 404) {
    throw new FinalError(
      `${address.href}: there is no such file; check name and revision, not every model has safetensors.`,
    );
  }
  if (status === 401 || status === 403) {
    throw new FinalError(
      `${address.href}: needs a permission (status ${status}); check the name, or download it yourself and give the path.`,
    );
  }
  const complaint = `the server answers with status ${status}`;
  throw status >= 500 || status === 429 || status === 416 || status === 408
    ? new Error(complaint)
    : new FinalError(`${address.href}: ${complaint}.`);
}

function tooMuch({ href }: URL, announced: number | undefined): string {
  return announced === undefined
    ? `${href}: the server announces no size and does not stop sending; nothing was kept. Download the file yourself and give its path.`
    : `${href}: the server sends more than the ${announced} bytes that it announced; nothing was kept. Check HF_ENDPOINT.`;
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/** Throws, and removes the file, where it is not what the server announced or the caller expects. */
async function assertContent(
  path: string,
  {
    sha256,
    verify,
    address,
  }: { sha256: string | undefined; verify: HubDownloadOptions['verify']; address: URL },
): Promise<void> {
  try {
    const found = sha256 === undefined ? undefined : await hashFile(path);
    if (found !== sha256) {
      throw new Error(`arrived with SHA-256 ${found!.slice(0, 12)}… instead of ${sha256!.slice(0, 12)}…`);
    }
    verify?.(path);
  } catch (error) {
    await rm(path, { force: true });
    const reason = (error as Error).message.replace(`${path}: `, '');
    throw new FinalError(`${address.href}: ${reason}; nothing was kept, call again to start afresh.`, {
      cause: error,
    });
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await fileSize(path)) ?? 0;
}

function unreachable(address: URL, error: Error): Error {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  const reason = cause?.code ?? cause?.message ?? error.message;
  return new UserError(
    `${address.host}: can't be reached or breaks off (${reason}); what has arrived is kept. Check the network, set HF_ENDPOINT to a mirror, or download the file yourself and give its path (--set backbone.weights=FILE).`,
    { cause: error },
  );
}
