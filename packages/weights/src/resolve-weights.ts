import { existsSync } from 'node:fs';
import { openSafetensors } from '@toco/formats';
import { downloadFile, type HubDownloadOptions, UserError, withLock } from '@toco/files';
import { cachedFile, hubCache, hubToken } from './hub-cache.js';
import { isHubName, parseHubName } from './hub-name.js';

/** Where Hugging Face's hub is; the environment's `HF_ENDPOINT` names a mirror, as for Hugging Face's own programs. */
const hub = 'https://huggingface.co';

/** The one file that is taken from a hub: it holds arrays and can hold nothing that runs. */
const fileName = 'model.safetensors';

/** Where a download shows how far it is. */
export interface DownloadBar {
  update(status: { readonly done: number; readonly total: number }): void;
  stop(): void;
}

/** What {@link resolveWeights} may be told. */
export interface ResolveWeightsOptions extends Pick<
  HubDownloadOptions,
  'attempts' | 'pause' | 'patience' | 'slowest' | 'most'
> {
  /** Takes what is said, a line at a time; default: the error stream. */
  readonly print?: ((line: string) => void) | undefined;
  /** Cache of the hub; default: the one that Hugging Face's own programs use. */
  readonly cache?: string | undefined;
  /** Shows megabytes as they arrive; default: nothing. */
  readonly bar?: DownloadBar | undefined;
}

/**
 * The file that a weight specification means: a path as it is, or the cached `model.safetensors` of `hf:owner/name` or
 * `hf:owner/name@revision`, downloaded when it is first asked for, with the token of `HF_TOKEN`. What is in the cache is used without asking the hub; a
 * download that broke off goes on where it stopped.
 *
 * @throws one line: no such file or model, no connection, an incomplete or wrong file
 * @example
 * ```ts
 * const { arrays } = readWeights(await resolveWeights('hf:timm/deit_tiny_patch16_224.fb_in1k'));
 * ```
 */
export async function resolveWeights(spec: string, options: ResolveWeightsOptions = {}): Promise<string> {
  if (!isHubName(spec)) {
    if (!existsSync(spec))
      throw new UserError(`${spec}: no such file; for a model on a hub write hf:owner/name.`);
    return spec;
  }
  const {
    print = (line) =>
      process.stderr.write(`${line}
`),
    cache = hubCache(),
    bar,
  } = options;
  const model = parseHubName(spec);
  const { owner, name, revision } = model;
  const file = cachedFile(cache, model, fileName);
  const fetched = (): Promise<string> => withLock(file.lock, async () => file.found() ?? fetchFile());
  return file.found() ?? fetched();

  async function fetchFile(): Promise<string> {
    const address = new URL(
      `${hubEndpoint().replace(/\/+$/, '')}/${owner}/${name}/resolve/${revision}/${fileName}`,
    );
    print(`Downloading ${address.href} to ${cache}.`);
    const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;
    try {
      const version = await downloadFile(address, file.arriving, {
        ...options,
        token: hubToken(),
        // A page of a proxy or a hotel also arrives whole: what is not a safetensors file is not kept.
        verify: (partial) => {
          openSafetensors(partial).close();
        },
        onBytes: (done, total) => {
          if (total !== undefined) bar?.update({ done: megabytes(done), total: megabytes(total) });
        },
      });
      return await file.keep(version ?? {});
    } finally {
      bar?.stop();
    }
  }
}

/** Address of the hub: `HF_ENDPOINT`, else Hugging Face's own. @throws one line where that is no address */
export function hubEndpoint(): string {
  const chosen = process.env['HF_ENDPOINT'];
  if (!chosen) return hub;
  if (!/^https?:\/\//.test(chosen) || !URL.canParse(chosen)) {
    throw new UserError(`HF_ENDPOINT: "${chosen}" is no address; write https://host.`);
  }
  return chosen;
}
