import { ByteReader } from '../byte-reader.js';
import type { ByteSource } from '../byte-source.js';
import { quote, refuse } from '../format-error.js';

/** One file in a zip archive, as its directory describes it. */
export interface ZipMember {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: 0 | 8;
  readonly packedSize: number;
  readonly size: number;
  readonly checksum: number;
  /** Byte at which its local header begins. */
  readonly offset: number;
}

interface DirectoryPlace {
  readonly offset: number;
  readonly length: number;
}

const shortest = 22;
const longestComment = 65_535;
const isElsewhere = 0xffffffff;

/** The directory at the end of a zip archive, also of one beyond 4 GiB (zip64). */
export function readZipDirectory(source: ByteSource): Map<string, ZipMember> {
  const { offset, length } = findDirectory(source);
  const bytes = source.read(offset, length);
  const reader = new ByteReader(bytes);
  const members = new Map<string, ZipMember>();
  while (reader.remaining > 0) {
    const member = readMember(reader);
    if (members.has(member.name)) refuse(`zip archive has two members ${quote(member.name)}`);
    members.set(member.name, member);
  }
  return members;
}

function findDirectory(source: ByteSource): DirectoryPlace {
  if (source.size < shortest) refuse('is not a zip archive: too short');
  const length = Math.min(source.size, shortest + longestComment);
  const start = source.size - length;
  const tail = Buffer.from(source.read(start, length));
  for (let at = length - shortest; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== 0x06054b50) continue;
    const place = { length: tail.readUInt32LE(at + 12), offset: tail.readUInt32LE(at + 16) };
    const isLarge = place.length === isElsewhere || place.offset === isElsewhere;
    return isLarge ? findLargeDirectory(source, start + at) : place;
  }
  return refuse('is not a whole zip archive: it has no directory at its end');
}

/** Archives with sizes beyond 32 bits point to a second, wider end record. */
function findLargeDirectory(source: ByteSource, end: number): DirectoryPlace {
  const locator = new ByteReader(source.read(end - 20, 20));
  if (locator.uint32() !== 0x07064b50) refuse('zip archive lacks the place of its large directory');
  locator.take(4);
  const record = new ByteReader(source.read(locator.uint64(), 56));
  if (record.uint32() !== 0x06064b50) refuse('zip archive lacks its large directory');
  record.take(36);
  return { length: record.uint64(), offset: record.uint64() };
}

function readMember(reader: ByteReader): ZipMember {
  if (reader.uint32() !== 0x02014b50) refuse('zip directory is damaged');
  reader.take(4);
  const flags = reader.uint16();
  const method = reader.uint16();
  reader.take(4);
  const checksum = reader.uint32();
  const sizes = { packedSize: reader.uint32(), size: reader.uint32() };
  const nameLength = reader.uint16();
  const extraLength = reader.uint16();
  const commentLength = reader.uint16();
  reader.take(8);
  const offset = reader.uint32();
  const name = Buffer.from(reader.take(nameLength)).toString('utf8');
  const extra = reader.take(extraLength);
  reader.take(commentLength);
  if (flags & 1) refuse(`zip member ${quote(name)} is encrypted`);
  if (method !== 0 && method !== 8)
    refuse(`zip member ${quote(name)} is packed in an unknown way (${method})`);
  return { name, method, checksum, ...widen({ ...sizes, offset }, extra) };
}

/** Sizes that don't fit 32 bits stand in an extra field, in this order, and only they. */
function widen(
  { packedSize, size, offset }: Pick<ZipMember, 'packedSize' | 'size' | 'offset'>,
  extra: Uint8Array,
): Pick<ZipMember, 'packedSize' | 'size' | 'offset'> {
  const wide = zip64Field(extra);
  const next = (value: number): number =>
    value !== isElsewhere ? value : (wide?.uint64() ?? refuse('zip directory lacks a size of 64 bits'));
  const wideSize = next(size);
  return { size: wideSize, packedSize: next(packedSize), offset: next(offset) };
}

function zip64Field(extra: Uint8Array): ByteReader | undefined {
  const reader = new ByteReader(extra);
  while (reader.remaining >= 4) {
    const kind = reader.uint16();
    const field = reader.take(reader.uint16());
    if (kind === 1) return new ByteReader(field);
  }
  return undefined;
}
