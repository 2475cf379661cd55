import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openSafetensors } from '@toco/formats';
import { downloadFile, type HubDownloadOptions, Refused, UserError, withLock } from '@toco/files';
import { cachedFile, hubCache, hubToken } from './hub-cache.js';
import { type HubModel, isHubName, parseHubName } from './hub-name.js';

/** Where Hugging Face's hub is; the environment's `HF_ENDPOINT` names a mirror, as for Hugging Face's own programs. */
const hub = 'https://huggingface.co';

/** The files that are taken from a hub: one holds arrays, the other plain data, and neither can hold anything that runs. */
const [weightsFile, descriptionFile] = ['model.safetensors', 'config.json'];

/** A description takes a few kilobytes, most of them the names of classes. */
const largestDescription = 10e6;

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
  const file = cachedFile(cache, model, weightsFile);
  const fetched = (): Promise<string> => withLock(file.lock, async () => file.found() ?? fetchFile());
  return file.found() ?? fetched();

  async function fetchFile(): Promise<string> {
    const address = addressOf(model, weightsFile);
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

/**
 * The `config.json` that describes a network's weights: beside a `model.safetensors`, or of the same version on the hub.
 *
 * @param weights the file that {@link resolveWeights} gave for `spec`
 * @returns undefined where there is none
 * @throws one line: no connection, an incomplete or wrong file
 */
export async function resolveDescription(
  spec: string,
  weights: string,
  { cache = hubCache(), ...options }: ResolveWeightsOptions = {},
): Promise<string | undefined> {
  if (basename(weights) !== weightsFile) return undefined;
  const beside = join(dirname(weights), descriptionFile);
  if (existsSync(beside)) return beside;
  if (!isHubName(spec)) return undefined;
  // The folder of the weights has the name of their version: what came to the hub since then is of other ones.
  const model = { ...parseHubName(spec), revision: basename(dirname(weights)) };
  const file = cachedFile(cache, model, descriptionFile);
  const fetchFile = async (): Promise<string | undefined> => {
    try {
      const version = await downloadFile(addressOf(model, descriptionFile), file.arriving, {
        ...{ most: largestDescription, ...options, token: hubToken() },
        verify: (partial) => void JSON.parse(readFileSync(partial, 'utf8')),
      });
      // Beside the weights, whatever version the server calls it.
      return await file.keep({ tag: version?.tag });
    } catch (error) {
      if (!(error instanceof Refused && error.status === 404)) throw error;
      await file.markAbsent();
      return undefined;
    }
  };
  if (file.isAbsent()) return undefined;
  return withLock(file.lock, async () => file.found() ?? fetchFile());
}

function addressOf({ owner, name, revision }: HubModel, file: string): URL {
  return new URL(`${hubEndpoint().replace(/\/+$/, '')}/${owner}/${name}/resolve/${revision}/${file}`);
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
