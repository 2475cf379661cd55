import { zipSync, type Zippable } from 'fflate';
import type { TestMember } from './make-tar.js';

/** The bytes of a zip. */
export function makeZip(members: readonly TestMember[]): Uint8Array {
  const files: Zippable = {};
  for (const { name, content = '', type = 'file', linkname = '' } of members) {
    const mode = type === 'symlink' ? 0o120777 : 0o100644;
    files[name] = [
      new Uint8Array(Buffer.from(type === 'symlink' ? linkname : content)),
      { os: 3, attrs: type === 'directory' ? 0x10 : (mode << 16) >>> 0, level: 6 },
    ];
  }
  return zipSync(files);
}
