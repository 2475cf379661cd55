import { hashFile } from './hash-file.js';
import { UserError } from './user-error.js';

const digits = { md5: 32, sha1: 40, sha256: 64 } as const;

/**
 * Makes sure that a file has a checksum, given as `md5:…`, `sha1:…` or `sha256:…` in hexadecimal digits.
 *
 * @param onBytes - Told how many bytes have been read so far.
 * @throws One line when it has another one, or what was given is no checksum.
 */
export async function verifyChecksum(
  path: string,
  checksum: string,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<void> {
  const { algorithm, expected } = parseChecksum(checksum);
  const found = await hashFile(path, { algorithm, onBytes });
  if (found !== expected) {
    throw new ChecksumError(
      `${path}: the ${algorithm} checksum is ${found}, not ${expected}: the file is damaged or another one; fetch it again`,
    );
  }
}

/** A file's content is not what was announced. */
export class ChecksumError extends UserError {
  override readonly name = 'ChecksumError';
}

/** @throws One line for what is no checksum. */
export function parseChecksum(checksum: string): { algorithm: keyof typeof digits; expected: string } {
  const [, algorithm, expected] = /^(md5|sha1|sha256):([0-9a-f]+)$/i.exec(checksum) ?? [];
  const name = algorithm?.toLowerCase() as keyof typeof digits;
  if (expected?.length !== digits[name]) {
    throw new UserError(`checksum "${checksum}": write md5:, sha1: or sha256: and the hexadecimal digits`);
  }
  return { algorithm: name, expected: expected.toLowerCase() };
}
