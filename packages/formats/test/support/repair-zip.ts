import { crc32 } from 'node:zlib';

/** Makes the checksums of a zip archive's stored members right again, so that damage reaches what they hold. */
export function repairZip(input: Uint8Array): Uint8Array {
  const bytes = Buffer.from(input);
  const next = (from: number): number => bytes.indexOf('PK\x01\x02', from);
  for (let at = next(0); at >= 0 && at + 46 <= bytes.length; at = next(at + 4)) {
    const offset = bytes.readUInt32LE(at + 42);
    if (bytes.readUInt16LE(at + 10) !== 0 || offset + 30 > bytes.length) continue;
    const begin = offset + 30 + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
    const end = begin + bytes.readUInt32LE(at + 20);
    bytes.writeUInt32LE(crc32(bytes.subarray(begin, end)), at + 16);
  }
  return bytes;
}
