import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openSafetensors } from '@toco/formats';
import { cacheFolder, UserError } from '@toco/files';
import { downloadFile, type HubDownloadOptions } from '@toco/files';
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
  /** Folder that downloads are kept in; default: `weights` in the cache of `@toco/runtime`. */
  readonly cache?: string | undefined;
  /** Shows megabytes as they arrive; default: nothing. */
  readonly bar?: DownloadBar | undefined;
}

/**
 * The file that a weight specification means: a path as it is, or the cached `model.safetensors` of `hf:owner/name` or
 * `hf:owner/name@revision`, downloaded when it is first asked for. What is in the cache is used without asking the hub; a
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
    cache = join(cacheFolder(), 'weights'),
    bar,
  } = options;
  const { owner, name, revision } = parseHubName(spec);
  const path = join(cache, owner, name, revision, fileName);
  if (existsSync(path)) return path;
  const address = new URL(
    `${endpoint().replace(/\/+$/, '')}/${owner}/${name}/resolve/${revision}/${fileName}`,
  );
  print(`Downloading ${address.href} to ${path}.`);
  const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;
  try {
    await downloadFile(address, path, {
      ...options,
      // A page of a proxy or a hotel also arrives whole: what is no safetensors file is not kept.
      verify: (partial) => {
        openSafetensors(partial).close();
      },
      progress: (done, total) => {
        if (total !== undefined) bar?.update({ done: megabytes(done), total: megabytes(total) });
      },
    });
  } finally {
    bar?.stop();
  }
  return path;
}

function endpoint(): string {
  const chosen = process.env['HF_ENDPOINT'];
  if (!chosen) return hub;
  if (!/^https?:\/\//.test(chosen) || !URL.canParse(chosen)) {
    throw new UserError(`HF_ENDPOINT: "${chosen}" is no address; write https://host.`);
  }
  return chosen;
}
