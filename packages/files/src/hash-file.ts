import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** Which hash {@link hashFile} computes, and how it is written. */
export interface HashOptions {
  readonly algorithm?: 'md5' | 'sha1' | 'sha256' | 'sha512' | undefined;
  readonly encoding?: 'hex' | 'base64' | undefined;
  /** Told how many bytes have been read so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Hash of a file's bytes; by default SHA-256 in hexadecimal digits. */
export async function hashFile(
  path: string,
  { algorithm = 'sha256', encoding = 'hex', onBytes }: HashOptions = {},
): Promise<string> {
  const hash = createHash(algorithm);
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Uint8Array);
    onBytes?.((bytes += (chunk as Uint8Array).length));
  }
  return hash.digest(encoding);
}
