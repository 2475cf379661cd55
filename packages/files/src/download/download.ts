import { readFile, writeFile } from 'node:fs/promises';
import { ChecksumError, verifyChecksum } from '../checksum.js';
import { readableBytes } from '../readable-bytes.js';
import { announcedSize, fetchFile, type FetchOptions, Worthless } from './fetch-file.js';

/** Options of {@link download}. */
export interface DownloadOptions extends FetchOptions {
  /** Checked before the file takes its name: `md5:…` or `sha256:…`. */
  readonly checksum?: string | undefined;
}

/** The largest archive of VOC, SBD and COCO has 19 GB. */
const largestUnannounced = 40e9;

/**
 * Downloads a file. What an earlier call left unfinished (`PATH.download`) is gone on with, where the server knows ranges and
 * still has the same file; the file has its name only once it is whole and its checksum right.
 *
 * @throws One line that names the address: not found, no room, a wrong checksum, more bytes than announced, or a connection
 * that keeps breaking or crawls.
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<void> {
  const { checksum, most = largestUnannounced } = options;
  const unfinished = `${path}.download`;
  // What the server calls this version of the file: it alone may be gone on with.
  const identity = `${unfinished}.identity`;
  const origin = {
    unfinished,
    beside: [identity],
    async ask(have: number, signal: AbortSignal) {
      const version = await readFile(identity, 'utf8').catch(() => '');
      const rest = have > 0 && version !== '' ? { range: `bytes=${have}-`, 'if-range': version } : {};
      const response = await fetch(url, { headers: { 'accept-encoding': 'identity', ...rest }, signal });
      return { response, size: announcedSize(response) };
    },
    began: ({ response }: { response: Response }) => writeFile(identity, strongValidator(response.headers)),
    async check() {
      if (checksum === undefined) return;
      await verifyChecksum(unfinished, checksum).catch((error: Error) => {
        if (!(error instanceof ChecksumError)) throw error;
        throw new Worthless(error.message.replace(unfinished, url), { cause: error });
      });
    },
    refused: (_: number, answer: string) => `${url}: ${answer}; check the address`,
    tooMuch: (bytes: number, announced: number | undefined) =>
      announced === undefined
        ? `${url}: the server announces no size and has sent ${readableBytes(bytes)}; fetch the file yourself and give its path`
        : `${url}: the server sends more than the ${announced} bytes that it announced; check the address`,
    gaveUp: (reason: string) => `${url}: ${reason}; run the same command again to go on`,
  };
  await fetchFile(path, origin, { ...options, most });
}

/** What tells this version of the file from others byte by byte; empty where the server gives no such thing. */
function strongValidator(headers: Headers): string {
  const tag = headers.get('etag');
  return tag !== null && !tag.startsWith('W/') ? tag : (headers.get('last-modified') ?? '');
}
