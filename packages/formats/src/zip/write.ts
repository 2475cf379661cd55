import { concatenate } from '../concatenate.js';
import { crc32 } from 'node:zlib';
import { quote, refuse } from '../format-error.js';

const largest = 0xffffffff;

/** Fields that a member's local header and its entry in the directory share, from the version needed on. */
function commonFields(name: Uint8Array, bytes: Uint8Array, checksum: number): Uint8Array {
  const out = new DataView(new ArrayBuffer(26));
  out.setUint16(0, 20, true);
  // Names are UTF-8.
  out.setUint16(2, 0x0800, true);
  // The first day that the format knows: the same contents always give the same bytes.
  out.setUint16(8, 0x0021, true);
  out.setUint32(10, checksum, true);
  out.setUint32(14, bytes.length, true);
  out.setUint32(18, bytes.length, true);
  out.setUint16(22, name.length, true);
  return new Uint8Array(out.buffer);
}

/** The pieces of a zip archive of stored members, in order. */
export function* zipParts(members: Iterable<readonly [string, Uint8Array]>): Generator<Uint8Array> {
  const directory: Uint8Array[] = [];
  let at = 0;
  let count = 0;
  for (const [text, bytes] of members) {
    const name = new TextEncoder().encode(text);
    const common = commonFields(name, bytes, crc32(bytes));
    const begin = at;
    at += 30 + name.length + bytes.length;
    count++;
    if (at > largest || count > 0xfffe) refuse(`zip archive would grow beyond 4 GiB with ${quote(text)}`);
    yield concatenate([Uint8Array.of(0x50, 0x4b, 3, 4), common, name]);
    yield bytes;
    const place = Buffer.alloc(14);
    place.writeUInt32LE(begin, 10);
    directory.push(Uint8Array.of(0x50, 0x4b, 1, 2, 20, 0), common, place, name);
  }
  const entries = concatenate(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(at, 16);
  yield entries;
  yield end;
}
