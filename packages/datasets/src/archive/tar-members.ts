import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract as extractTar, type Header } from 'tar-stream';
import { checkMemberName, tooLarge, type ArchiveMember } from './archive-member.js';
import { tarGuard } from './tar-guard.js';
import { UserError } from '@toco/files';

/** What a packed tar may unpack to, in multiples of its own size: photographs and masks are packed already. */
const mostInflation = 20;

/** Any archive may unpack to this many bytes. */
const smallInflation = 2 ** 30;

/**
 * The members of a tar, plain or packed with gzip, in the archive's order.
 *
 * @throws One line for a damaged header, data cut short, an unsafe path, or data that unpack to absurd sizes.
 */
export async function* tarMembers(
  path: string,
  { packed }: { packed: boolean },
): AsyncGenerator<ArchiveMember> {
  const { size } = await stat(path);
  const source = createReadStream(path, { highWaterMark: 2 ** 18 });
  const most = packed ? Math.max(smallInflation, mostInflation * size) : Infinity;
  const extract = extractTar();
  // Failures of any part end the iteration below.
  const steps = packed ? [source, createGunzip()] : [source];
  // eslint-disable-next-line no-restricted-syntax -- a stream of streamx, which pipes as Node's own do
  const flow = pipeline([...steps, tarGuard(most), extract as unknown as Writable]).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
  /** The failure behind one: a reader whose stream is taken away may know no more than that. */
  async function explained(error: Error): Promise<Error> {
    source.destroy();
    const first = await flow;
    return oneLine(path, first === undefined || first.code === 'ERR_STREAM_PREMATURE_CLOSE' ? error : first);
  }
  try {
    for await (const entry of extract) {
      yield member(entry, path, { position: source.bytesRead, explained });
      entry.resume(); // what was not read is passed over
    }
  } catch (error) {
    throw await explained(error as Error);
  } finally {
    source.destroy();
    extract.destroy();
  }
}

/** A member as tar-stream gives it. */
interface Entry extends AsyncIterable<unknown> {
  readonly header: Header;
}

function member(
  entry: Entry,
  path: string,
  { position, explained }: { position: number; explained: (error: Error) => Promise<Error> },
): ArchiveMember {
  const { name, type, size } = entry.header;
  checkMemberName(name, path);
  return {
    name,
    size,
    isFile: type === 'file' || type === 'contiguous-file',
    position,
    async read(limit) {
      if (size > limit) throw tooLarge(path, { name, size }, limit);
      const parts: Uint8Array[] = [];
      try {
        for await (const part of entry) parts.push(part as Uint8Array);
      } catch (error) {
        throw await explained(error as Error);
      }
      return Buffer.concat(parts);
    },
  };
}

/** Messages of the tar and zlib readers in the user's words. */
function oneLine(path: string, error: Error): Error {
  const { message } = error;
  if (message.startsWith(path)) return error;
  const reason = /unexpected end/i.test(message)
    ? 'the archive is cut short'
    : `the archive is damaged, or none (${message.split('\n', 1)[0]!.replace(/\.$/, '')})`;
  return new UserError(`${path}: ${reason}; fetch it again`, { cause: error });
}
