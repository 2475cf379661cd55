import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { withLock } from '@toco/files';
import { readManifest, writeManifest, type Manifest } from './manifest.js';
import type { Print } from './progress.js';

/**
 * Makes a folder of the cache whole, once: `fill` works in a folder beside it, the manifest is written last, and one rename
 * puts it in place, so that no other process ever sees half of it. What a killed installation left is removed by the next.
 */
export async function installFolder(
  target: string,
  print: Print,
  fill: (folder: string) => Promise<Omit<Manifest, 'files'>>,
): Promise<void> {
  if (isWhole(target)) return;
  const onWait = (): void => {
    print(`Waiting for another process that installs ${basename(target)}`);
  };
  const install = async (): Promise<void> => {
    const found = readManifest(target);
    if (typeof found === 'object') return;
    if (found !== undefined) print(`${found}: installing it again`);
    await removeLeftovers(target);
    const folder = await mkdtemp(`${target}.partial-`);
    try {
      await writeManifest(folder, await fill(folder));
      await publish(folder, target);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  // Whatever the umask: code that others can write is not loaded.
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  await withLock(`${target}.lock`, install, { onWait });
}

function isWhole(folder: string): boolean {
  return typeof readManifest(folder) === 'object';
}

async function removeLeftovers(target: string): Promise<void> {
  const parent = dirname(target);
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    if (name.startsWith(`${basename(target)}.partial-`))
      await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function publish(folder: string, target: string): Promise<void> {
  // A damaged folder leaves its name first: a rename never replaces a folder that holds something.
  if (!isWhole(target)) {
    const away = `${folder}-away`;
    await rename(target, away).catch(() => undefined);
    await rm(away, { recursive: true, force: true });
  }
  await rename(folder, target).catch((error: unknown) => {
    if (!isWhole(target)) throw error;
  });
}
