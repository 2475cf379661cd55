import type { ByteSource } from '../byte-source.js';
import { crc32 } from 'node:zlib';
import { quote, refuse, within } from '../format-error.js';
import { inflateExactly } from '../inflate.js';
import { readZipDirectory, type ZipMember } from './directory.js';

/** The members of a zip archive, read one by one. */
export interface ZipArchive {
  readonly names: readonly string[];
  /** A member's bytes, unpacked and checked against its checksum. */
  read(name: string): Uint8Array;
}

/** Memory for what is packed; stored members can't be larger than the file. */
const defaultLimit = 2 ** 30;

/**
 * Opens a zip archive whose members are stored or deflated, and refuses it at once where they would unpack to more than `limit`
 * bytes together.
 */
export function openZip(source: ByteSource, { limit = defaultLimit } = {}): ZipArchive {
  const members = readZipDirectory(source);
  let packed = 0;
  let unpacked = 0;
  for (const member of members.values()) {
    packed += member.packedSize;
    if (member.method === 8) unpacked += member.size;
  }
  if (packed > source.size) refuse('zip archive has members that overlap');
  if (unpacked > limit) {
    refuse(`zip archive would unpack to ${unpacked} bytes, more than the limit of ${limit}`);
  }
  return {
    names: [...members.keys()],
    read(name) {
      const member = members.get(name) ?? refuse(`zip archive has no member ${quote(name)}`);
      return within(`zip member ${quote(name)}`, () => readMember(source, member));
    },
  };
}

function readMember(
  source: ByteSource,
  { offset, name, method, packedSize, size, checksum }: ZipMember,
): Uint8Array {
  const local = source.read(offset, 30);
  const view = new DataView(local.buffer, local.byteOffset, 30);
  if (view.getUint32(0, true) !== 0x04034b50) refuse('does not begin where the archive says');
  const nameLength = view.getUint16(26, true);
  const localName = Buffer.from(source.read(offset + 30, nameLength)).toString('utf8');
  if (localName !== name) refuse(`is called ${quote(localName)} at its place`);
  const packed = source.read(offset + 30 + nameLength + view.getUint16(28, true), packedSize);
  const bytes = method === 0 ? packed : inflateExactly(packed, size, 'raw');
  if (bytes.length !== size) refuse(`has ${bytes.length} bytes instead of ${size}`);
  if (crc32(bytes) !== checksum) refuse('is damaged: wrong checksum');
  return bytes;
}
