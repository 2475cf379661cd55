import { UserError } from '@toco/files';
/** A file of an archive, read only when asked for. */
export interface ArchiveMember {
  /** Path within the archive, checked: relative, and never above the archive's own root. */
  readonly name: string;
  /** Bytes that the archive announces. */
  readonly size: number;
  /** Whether it is an ordinary file, not a link or a device. */
  readonly isFile: boolean;
  /** Bytes of the archive that have been read up to here, for progress. */
  readonly position: number;
  /**
   * The content. Can be called until the next member is asked for.
   *
   * @throws One line when it is larger than `limit` bytes, or cut short.
   */
  read(limit: number): Promise<Uint8Array>;
}

/**
 * The path of a member, refused where it leaves the archive's root.
 *
 * @throws One line for an absolute path, one with `..`, or one with unprintable characters.
 */
export function checkMemberName(name: string, archive: string): string {
  const parts = name.split(/[/\\]/);
  const isAbsolute = /^[/\\]|^[A-Za-z]:/.test(name);
  // eslint-disable-next-line no-control-regex
  if (isAbsolute || parts.includes('..') || /[\u0000-\u001f]/.test(name)) {
    throw new UserError(
      `${archive}: member ${JSON.stringify(name.slice(0, 80))} would be written outside of the target; the archive is not to be trusted`,
    );
  }
  return name;
}

/** The one line for a member larger than it can be. */
export function tooLarge(
  archive: string,
  { name, size }: { name: string; size: number },
  limit: number,
): Error {
  return new UserError(
    `${archive}: member ${name} has ${size} bytes, more than the ${limit} that such a file can have`,
  );
}
