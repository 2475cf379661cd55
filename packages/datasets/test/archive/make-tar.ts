import { pack } from 'tar-stream';

/** A member of an archive that a test makes. */
export interface TestMember {
  readonly name: string;
  readonly content?: Uint8Array | string;
  readonly type?: 'file' | 'directory' | 'symlink' | 'link';
  readonly linkname?: string;
}

/** The bytes of a tar. */
export async function makeTar(members: readonly TestMember[]): Promise<Buffer> {
  const tar = pack();
  for (const { name, content = '', type = 'file', linkname } of members) {
    tar.entry({ name, type, ...(linkname !== undefined && { linkname }) }, Buffer.from(content));
  }
  tar.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of tar as AsyncIterable<Uint8Array>) parts.push(part);
  return Buffer.concat(parts);
}
