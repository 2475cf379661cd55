import { randomUUID } from 'node:crypto';
import {
  link,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { UserError } from './user-error.js';

/** The right of one process to write into the folder of a run. */
export interface RunLock {
  /** @throws one line where another process took the folder over, such as after this one was suspended for minutes */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/** Who holds a lock. */
interface Holder {
  readonly host: string;
  /** Tells where the process id means something: this boot of this machine, this container. */
  readonly machine: string;
  readonly pid: number;
  /** When the process began, in the system's own count: ids are used again. */
  readonly started: string | undefined;
  readonly since: string;
  readonly token: string;
  /** Whether the holder has let go. */
  readonly free: boolean;
}

const beat = 5_000;
const stale = 60_000;

/** Name of the folder of locks within the folder of a run. */
export const lockFolder = '.lock';

/**
 * Locks the folder of a run for this process.
 *
 * Each lock is a file `.lock/N`, made whole and at once by a hard link; the highest N counts. Who takes over makes N + 1, and
 * a number is removed only when there are two above it, so of several processes that find the same stale lock exactly one
 * gets it, and a slow one sees that it came late. (`withLock` waits for its turn, and two at once would harm nothing there: it
 * needs none of this.)
 *
 * @throws one line that names the holder
 */
export async function lockRun(folder: string, print: (line: string) => void): Promise<RunLock> {
  const locks = join(folder, lockFolder);
  await mkdir(locks, { recursive: true });
  const own = await thisProcess();
  const claim = join(locks, `claim-${own.token}`);
  await writeFile(claim, JSON.stringify(own), { flag: 'wx', flush: true });
  let number: number;
  try {
    for (;;) {
      const newest = await newestLock(locks);
      const last = newest > 0 ? await holderOf(join(locks, String(newest))) : undefined;
      if (last && !last.free) {
        const sign = await signOfLife(last, join(locks, String(newest)), claim);
        if (sign !== undefined) throw new UserError(`${folder}: ${nameOf(last)} is training here${sign}`);
        print(`Taking over ${folder}: ${nameOf(last)} ended without finishing.`);
      }
      number = newest + 1;
      if (!(await linked(claim, join(locks, String(number))))) continue;
      if ((await newestLock(locks)) === number) break;
      await rm(join(locks, String(number)), { force: true });
    }
  } finally {
    await rm(claim, { force: true });
  }
  await removeLeftovers(locks, number);
  return heldLock(folder, { own, path: join(locks, String(number)), number });
}

/** Removes locks that no longer count, and what killed processes left of theirs. */
async function removeLeftovers(locks: string, number: number): Promise<void> {
  const { mtimeMs: now } = await stat(join(locks, String(number)));
  for (const name of await readdir(locks)) {
    const path = join(locks, name);
    const isOld = Number.isInteger(Number(name))
      ? Number(name) < number - 1
      : now - (await stat(path).catch(() => ({ mtimeMs: now }))).mtimeMs > stale;
    if (isOld) await rm(path, { force: true });
  }
}

async function heldLock(
  folder: string,
  { own, path, number }: { readonly own: Holder; readonly path: string; readonly number: number },
): Promise<RunLock> {
  const file = await open(path, 'r+');
  // Writing the first byte again moves the file's time by the clock of its file system, whatever the hosts' clocks say.
  const timer = setInterval(() => void file.write('{', 0).catch(() => undefined), beat);
  timer.unref();
  const isHeld = async (): Promise<boolean> => {
    const locks = join(folder, lockFolder);
    return (await newestLock(locks)) === number && (await holderOf(path))?.token === own.token;
  };
  return {
    async assertHeld() {
      if (await isHeld()) return;
      throw new UserError(`${folder}: another process took this run over; this one ends without writing.`);
    },
    async release() {
      clearInterval(timer);
      await file.close();
      if (!(await isHeld().catch(() => false))) return;
      const freed = join(folder, lockFolder, `free-${own.token}`);
      await writeFile(freed, JSON.stringify({ ...own, free: true }));
      await rename(freed, path);
    },
  };
}

/** The number of the lock that counts; 0 where there is none. */
async function newestLock(locks: string): Promise<number> {
  const numbers = (await readdir(locks)).map(Number).filter(Number.isInteger);
  return Math.max(0, ...numbers);
}

/** The holder of a lock; undefined where its file is gone or is not written yet. */
async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** Gives a file a second name, unless that is taken; a copy where the file system knows no hard links. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code ?? '')) throw error;
  }
  try {
    await writeFile(to, await readFile(from), { flag: 'wx', flush: true });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** What says that a holder is alive, for the end of the line that refuses; undefined where it is gone. */
async function signOfLife(holder: Holder, path: string, claim: string): Promise<string | undefined> {
  const { machine } = await thisProcess();
  const advice = 'wait for it, stop it, or choose another folder with --out.';
  if (holder.machine === machine) {
    const running = isRunning(holder.pid);
    if (!running) return undefined;
    const now = await startOf(holder.pid);
    if (now !== undefined && holder.started !== undefined)
      return now === holder.started ? `; ${advice}` : undefined;
  }
  // Not a process that can be looked at from here: what counts is its beat, by the clock of the folder itself.
  const silent = (await stat(claim)).mtimeMs - (await stat(path)).mtimeMs;
  if (silent > stale) return undefined;
  const seconds = Math.max(0, Math.round(silent / 1000));
  return ` (last sign of life ${seconds} s ago; after ${stale / 1000} s without one it counts as gone); ${advice}`;
}

function nameOf({ pid, host, since }: Holder): string {
  return `process ${pid} on ${host} (since ${since})`;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: there is one, of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process began; 'gone' for one that has ended but that its parent has not looked at; undefined where unknown. */
async function startOf(pid: number | 'self'): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The name in parentheses may hold anything; state is the first field behind it, the start the twentieth.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? 'gone' : fields[19];
}

async function thisProcess(): Promise<Holder> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const processes = await readlink('/proc/self/ns/pid').catch(() => '');
  return {
    host: hostname(),
    machine: [hostname(), boot.trim(), processes].join(' '),
    pid: process.pid,
    started: await startOf('self'),
    since: new Date().toISOString(),
    token: randomUUID(),
    free: false,
  };
}
