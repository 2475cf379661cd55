import { hashFile } from '../hash-file.js';
import { fetchFile, type FetchOptions, Worthless } from './fetch-file.js';
import { requestFile, type HubAnswer } from './hub-request.js';

/** Options of {@link downloadFile}. */
export interface HubDownloadOptions extends FetchOptions {
  /** Throws where the whole file is not what it should be. */
  readonly verify?: ((path: string) => void) | undefined;
  /** Lets into what access denied. */
  readonly token?: string | undefined;
}

/** What a hub calls the version that was downloaded. */
export type Downloaded = Pick<HubAnswer, 'tag' | 'commit'>;

/** No weights of a vision transformer are larger: ViT-g has 4.6 GB. */
const largestUnannounced = 20e9;

/**
 * Downloads a file of a hub whole or not at all. What has arrived is kept beside `path` as `….part`, and a later call, or the
 * next attempt after a broken connection, asks for the rest only. The file takes its name once size and SHA-256 are what the
 * server says. Where it gives no hash, size alone decides, and what an earlier call has left is not used.
 *
 * @throws one line: no such file, no access, no connection or one that crawls, more bytes than announced, another hash, a
 * full disk
 * @returns what the hub calls the version; undefined where another process was faster
 */
export async function downloadFile(
  address: URL,
  path: string,
  options: HubDownloadOptions = {},
): Promise<Downloaded | undefined> {
  const { verify, token, most = largestUnannounced } = options;
  const { href, host } = address;
  const unfinished = `${path}.part`;
  let own = false; // whether what is there was fetched by this call
  const origin = {
    unfinished,
    beside: [],
    async ask(have: number, signal: AbortSignal) {
      const answer = await requestFile(address, { start: have, token, signal });
      if (have === 0 || own || answer.sha256 !== undefined || answer.response.status === 200) return answer;
      // Nothing would tell whether the rest belongs to what is there.
      await answer.response.body?.cancel();
      return requestFile(address, { start: 0, token, signal });
    },
    began() {
      own = true;
      return Promise.resolve();
    },
    async check({ sha256 }: HubAnswer) {
      const worthless = (reason: string, cause?: unknown): Worthless =>
        new Worthless(`${href}: ${reason}; nothing was kept, call again to start afresh.`, { cause });
      const found = sha256 === undefined ? undefined : await hashFile(unfinished);
      if (found !== sha256)
        throw worthless(`arrived with SHA-256 ${found!.slice(0, 12)}… instead of ${sha256!.slice(0, 12)}…`);
      try {
        verify?.(unfinished);
      } catch (error) {
        throw worthless((error as Error).message.replace(`${unfinished}: `, ''), error);
      }
    },
    refused(status: number) {
      if (status === 404)
        return `${href}: there is no such file; check name and revision, not every model has safetensors.`;
      if (status === 401 || status === 403)
        return `${href}: access denied (HTTP ${status}); check the name, set HF_TOKEN, or download it yourself and give the path.`;
      return `${href}: the server responded with HTTP ${status}.`;
    },
    tooMuch: (_: number, announced: number | undefined) =>
      announced === undefined
        ? `${href}: the server announces no size and does not stop sending; nothing was kept. Download the file yourself and give its path.`
        : `${href}: the server sends more than the ${announced} bytes that it announced; nothing was kept. Check HF_ENDPOINT.`,
    gaveUp: (reason: string) =>
      `${host}: unreachable, or the connection dropped (${reason}); what has arrived is kept. Check the network, set HF_ENDPOINT to a mirror, or download the file yourself and give its path (--set backbone.weights=FILE).`,
  };
  const answer = await fetchFile(path, origin, { ...options, most });
  return answer && { tag: answer.tag, commit: answer.commit };
}
