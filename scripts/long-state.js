// What exactly is tested: the commit, or the commit and what was changed since.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `clean` is false where files differ from the commit; `key` names the content that is tested, changes included. */
export function stateOf(root) {
  const git = (...args) =>
    execFileSync('git', args, {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  try {
    const commit = git('rev-parse', 'HEAD').trim();
    const difference = createHash('sha256').update(git('diff', '--binary', 'HEAD'));
    const others = git('ls-files', '--others', '--exclude-standard', '-z').split('\0').filter(Boolean);
    for (const path of others) difference.update(path).update(readFileSync(join(root, path)));
    const clean = git('status', '--porcelain').trim() === '';
    const key = clean
      ? commit.slice(0, 12)
      : `${commit.slice(0, 12)}-${difference.digest('hex').slice(0, 8)}`;
    return { commit, clean, key };
  } catch {
    return { commit: undefined, clean: false, key: 'no-repository' };
  }
}
