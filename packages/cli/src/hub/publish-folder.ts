import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { commitIter, createRepo, HubApiError, listFiles, repoExists } from '@huggingface/hub';
import { counted, hashFile, readableBytes, UserError } from '@toco/files';
import type { Progress } from '@toco/files';

/** What {@link publishFolder} may be told. */
export interface PublishFolderOptions {
  /** `owner/name` on the hub. */
  readonly repository: string;
  /** Address of the hub. */
  readonly hubUrl: string;
  readonly token: string;
  /** Whether a model that is made is seen by its owner alone. */
  readonly isPrivate?: boolean | undefined;
  readonly progress: Progress;
  readonly print: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A file that is to be on the hub. */
interface LocalFile {
  /** On the hub: from the folder, with slashes. */
  readonly path: string;
  readonly file: string;
  readonly bytes: number;
}

/**
 * Sends a folder that `toco export --format hub` wrote to a hub, as one commit of the files that are not there yet; makes the model where
 * there is none. Files above the hub's limit go by the protocol of LFS, each of which is asked for once: after an interruption those that
 * have arrived are not sent again.
 *
 * @returns the commit, undefined where the hub has all of it
 * @throws one line: no such folder, the hub can't be reached or refuses
 */
export async function publishFolder(
  folder: string,
  { repository, hubUrl, token, isPrivate, progress, print, signal }: PublishFolderOptions,
): Promise<string | undefined> {
  const files = await filesOf(folder);
  const repo = { type: 'model', name: repository } as const;
  const access = { repo, hubUrl, accessToken: token };
  try {
    if (!(await repoExists(access))) {
      await createRepo({ ...access, ...(isPrivate && { visibility: 'private' }) });
      print(`${repository}: made on ${new URL(hubUrl).host}.`);
    }
    const there = await hashesThere(access);
    const missing: LocalFile[] = [];
    for (const one of files) if (!(await isThere(one, there.get(one.path)))) missing.push(one);
    if (missing.length === 0) return undefined;
    const total = missing.reduce((sum, { bytes }) => sum + bytes, 0);
    print(
      `${repository}: ${counted(missing.length, 'file')} of ${files.length} to be sent, ${readableBytes(total)}.`,
    );
    return await send(missing, { access, progress, signal });
  } catch (error) {
    throw refusal(error, { repository, host: new URL(hubUrl).host });
  } finally {
    progress.stop();
  }
}

/** Sends files as one commit. */
async function send(
  files: readonly LocalFile[],
  {
    access,
    progress,
    signal,
  }: {
    readonly access: { repo: { type: 'model'; name: string }; hubUrl: string; accessToken: string };
    readonly progress: Progress;
    readonly signal: AbortSignal | undefined;
  },
): Promise<string | undefined> {
  const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;
  const total = megabytes(files.reduce((sum, { bytes }) => sum + bytes, 0));
  const sent = new Map<string, number>();
  const steps = commitIter({
    ...access,
    title: 'Upload with toco',
    operations: files.map(({ path, file }) => ({
      operation: 'addOrUpdate',
      path,
      content: pathToFileURL(file),
    })),
    useXet: false,
    fetch: countingParts(),
    ...(signal && { abortSignal: signal }),
  });
  for (;;) {
    const step = await steps.next();
    if (step.done) return step.value?.commit.oid;
    const { value } = step;
    if (value.event !== 'fileProgress' || value.state !== 'uploading') continue;
    const bytes = files.find(({ path }) => path === value.path)?.bytes ?? 0;
    sent.set(value.path, value.progress * bytes);
    progress.update({ done: megabytes([...sent.values()].reduce((sum, one) => sum + one, 0)), total });
  }
}

/** What the hub's library tells a `fetch` of an upload. */
interface UploadHint {
  readonly numParts?: number;
  readonly progressCallback?: (progress: number) => void;
}

/** A `fetch` that tells how far a file is that goes in parts; the library itself tells where it ends. */
function countingParts(): typeof fetch {
  const sent = new Map<object, number>();
  return async (address, init?: RequestInit & { readonly progressHint?: UploadHint }) => {
    const response = await fetch(address, init);
    const { numParts, progressCallback } = init?.progressHint ?? {};
    if (response.ok && numParts !== undefined && progressCallback) {
      const done = (sent.get(progressCallback) ?? 0) + 1;
      sent.set(progressCallback, done);
      progressCallback(done / numParts);
    }
    return response;
  };
}

/** @throws one line where the folder is none for a hub */
async function filesOf(folder: string): Promise<LocalFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const named = files.map((file) => ({
    file,
    path: file.slice(join(folder, '.').length + 1).replaceAll(sep, '/'),
  }));
  for (const needed of ['README.md', 'config.json', 'model.safetensors']) {
    if (!named.some(({ path }) => path === needed))
      throw new UserError(
        `${folder}: is no folder for a hub (${needed} is missing); write one by toco export --format hub.`,
      );
  }
  return Promise.all(named.map(async (one) => ({ ...one, bytes: (await stat(one.file)).size })));
}

/** What the hub says of its files, by their paths: the SHA-256 of large ones, git's hash of others. */
async function hashesThere(
  access: Parameters<typeof listFiles>[0],
): Promise<Map<string, { readonly sha256?: string | undefined; readonly git?: string | undefined }>> {
  const found = new Map<string, { sha256?: string | undefined; git?: string | undefined }>();
  for await (const { type, path, oid, lfs } of listFiles({ ...access, recursive: true }))
    if (type === 'file') found.set(path, { sha256: lfs?.oid, git: oid });
  return found;
}

async function isThere(
  { file, bytes }: LocalFile,
  there: { readonly sha256?: string | undefined; readonly git?: string | undefined } | undefined,
): Promise<boolean> {
  if (there === undefined) return false;
  if (there.sha256 !== undefined) return (await hashFile(file)) === there.sha256;
  const blob = createHash('sha1')
    .update(`blob ${bytes}\0`)
    .update(await readFile(file));
  return blob.digest('hex') === there.git;
}

/** What went wrong, in one line. */
function refusal(error: unknown, { repository, host }: { repository: string; host: string }): unknown {
  if (error instanceof UserError) return error;
  const line = (text: string): UserError => new UserError(`${repository}: ${text}`, { cause: error });
  if (error instanceof HubApiError) {
    const { statusCode } = error;
    if (statusCode === 401)
      return line(`${host} does not accept the token; set HF_TOKEN to one that may write.`);
    if (statusCode === 403) return line(`the token may not write there; set HF_TOKEN to one that may.`);
    const [first = ''] = error.message.split(/\n|\. URL:/);
    return line(`${host} answers ${statusCode}, ${first}; the same command goes on.`);
  }
  // What Node's fetch throws where there is no answer.
  const { message, cause } = error as Partial<Error>;
  if (message === 'fetch failed') {
    const reason = (cause as Partial<Error> | undefined)?.message ?? message;
    return line(`${host} can't be reached or breaks off (${reason}); the same command goes on.`);
  }
  return error;
}
