import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import type { Readable } from 'node:stream';
import { open, type Entry, type ZipFile } from 'yauzl';
import { checkMemberName, tooLarge, type ArchiveMember } from './archive-member.js';
import { UserError } from '@toco/files';

const openZip = promisify<string, { lazyEntries: true; autoClose: false }, ZipFile>(open);

const fileTypeBits = 0o170000;
const ordinaryFile = 0o100000;

/**
 * The members of a zip, in the order of its directory.
 *
 * @throws One line for a damaged directory, data cut short, a wrong checksum or an unsafe path.
 */
export async function* zipMembers(path: string): AsyncGenerator<ArchiveMember> {
  let zip: ZipFile | undefined;
  try {
    zip = await openZip(path, { lazyEntries: true, autoClose: false });
    let position = 0;
    for (let entry = await nextEntry(zip); entry !== undefined; entry = await nextEntry(zip)) {
      yield member(zip, entry, path, position);
      position += entry.compressedSize;
    }
  } catch (error) {
    throw oneLine(path, error as Error);
  } finally {
    zip?.close();
  }
}

function nextEntry(zip: ZipFile): Promise<Entry | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      zip.off('entry', onEntry).off('end', onEnd).off('error', onError);
      act();
    };
    const onEntry = (entry: Entry): void => settle(() => resolve(entry));
    const onEnd = (): void => settle(() => resolve(undefined));
    const onError = (error: Error): void => settle(() => reject(error));
    zip.on('entry', onEntry).on('end', onEnd).on('error', onError);
    zip.readEntry();
  });
}

function member(zip: ZipFile, entry: Entry, path: string, position: number): ArchiveMember {
  const { fileName: name, uncompressedSize: size } = entry;
  checkMemberName(name, path);
  const type = (entry.externalFileAttributes >>> 16) & fileTypeBits;
  return {
    name,
    size,
    isFile: !name.endsWith('/') && (type === ordinaryFile || type === 0),
    position,
    async read(limit) {
      if (size > limit) throw tooLarge(path, { name, size }, limit);
      try {
        const parts: Uint8Array[] = [];
        const stream = await promisify<Entry, Readable>(zip.openReadStream.bind(zip))(entry);
        for await (const part of stream) parts.push(part as Uint8Array);
        const bytes = Buffer.concat(parts);
        if (crc32(bytes) !== entry.crc32) throw new UserError(`member ${name} has a wrong checksum`);
        return bytes;
      } catch (error) {
        throw oneLine(path, error as Error);
      }
    },
  };
}

function oneLine(path: string, error: Error): Error {
  const { message } = error;
  if (message.startsWith(path)) return error;
  const reason = message.split('\n', 1)[0]!.replace(/\.$/, '');
  return new UserError(`${path}: the archive is damaged, or none (${reason}); fetch it again`, {
    cause: error,
  });
}
