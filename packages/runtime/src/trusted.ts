import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '@toco/files';

/** Code that somebody else could have put there, so that it is not loaded. */
export class UntrustedError extends UserError {}

/** What fixes it. */
export const untrustedRemedy = 'set TOCO_CACHE to a folder of your own that only you can write';

/**
 * Makes sure that nobody but this user and root can have written files that are about to run in this process: the folder, the
 * files and all folders between them. Links count as themselves; what a link of ours leads to was our choice.
 *
 * @param folder where trust begins; a folder that is not there holds nothing
 * @param files paths within it; missing ones are left to others
 * @throws one line that names the first path which others own or can write
 */
export function assertTrusted(folder: string, files: readonly string[]): void {
  const uid = process.getuid?.();
  const real = realpathOf(folder);
  if (uid === undefined || real === undefined) return;
  const seen = new Map<string, 'open' | 'closed'>();
  /** `closed`: nobody else reaches what lies below. */
  const look = (path: string): 'open' | 'closed' => {
    const known = seen.get(path);
    if (known !== undefined) return known;
    const above = path === real ? 'open' : look(dirname(path));
    const state = above === 'closed' ? above : assess(path, uid);
    seen.set(path, state);
    return state;
  };
  look(real);
  for (const file of files) look(join(real, file));
}

function realpathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function assess(path: string, uid: number): 'open' | 'closed' {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'open';
  const refuse = (why: string): never => {
    throw new UntrustedError(`${path} ${why}, so no code of it is loaded: ${untrustedRemedy}.`);
  };
  if (stat.uid !== uid && stat.uid !== 0) refuse(`belongs to another user (uid ${stat.uid})`);
  if (stat.isSymbolicLink()) return 'open';
  if (writableByAll(stat)) refuse('can be written by every user of this machine');
  if (writableByAGroup(stat)) refuse(`can be written by the group ${stat.gid}`);
  return stat.isDirectory() && (stat.mode & 0o077) === 0 ? 'closed' : 'open';
}

/** In a folder with the sticky bit others can add files and not replace ours. */
function writableByAll(stat: Stats): boolean {
  return (stat.mode & 0o002) !== 0 && !(stat.isDirectory() && (stat.mode & 0o1000) !== 0);
}

/** Where every user has a group to himself, his files may well be written by it. */
function writableByAGroup(stat: Stats): boolean {
  return (stat.mode & 0o020) !== 0 && stat.gid !== 0 && stat.gid !== process.getgid?.();
}
