import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { cacheFolder } from '@toco/files';
import { UserError } from '@toco/files';
import { hashFile } from '@toco/files';
import { installFolder } from './install-folder.js';
import { readManifest } from './manifest.js';
import { nodePackage } from './pinned.js';
import type { Print } from './progress.js';
import { isMissingProgram, lastComplaint, runProgram } from './run-program.js';
import { assertTrusted } from './trusted.js';

/** Modules that tfjs-node-gpu imports and that the program which loads it hands in; see {@link installNodePackage}. */
export const handedIn = ['@tensorflow/tfjs', '@tensorflow/tfjs-core', 'google-protobuf'] as const;

/** Name under which they are handed in, on the global object. */
export const handedInKey = 'toco.tfjs-node-gpu.modules';

function cachedFolder(): string {
  return join(cacheFolder(), `tfjs-node-gpu-${nodePackage.version}`);
}

/**
 * Folder of the installed tfjs-node-gpu: the project's own where it has one of our version that computes with our TensorFlow.js,
 * else the cache's. One with a copy of its own, such as that of a folder in which a program from elsewhere is run, would
 * register its kernels where nobody looks for them.
 */
export function findNodePackage(): string | undefined {
  const core = createRequire(import.meta.url).resolve('@tensorflow/tfjs-core');
  for (const from of [join(process.cwd(), 'package.json'), import.meta.url]) {
    try {
      const require = createRequire(from);
      const path = require.resolve(`${nodePackage.name}/package.json`);
      const isOurs = (require(path) as { version: string }).version === nodePackage.version;
      const tensorflowJs = createRequire(path).resolve('@tensorflow/tfjs');
      if (isOurs && createRequire(tensorflowJs).resolve('@tensorflow/tfjs-core') === core)
        return dirname(path);
    } catch {
      // Not installed there.
    }
  }
  const manifest = readManifest(cachedFolder());
  if (typeof manifest !== 'object') return undefined;
  const files = [
    ...Object.keys(manifest.files),
    ...handedIn.map((name) => join('node_modules', name, 'index.js')),
  ];
  assertTrusted(
    cacheFolder(),
    files.map((file) => join(basename(cachedFolder()), file)),
  );
  return cachedFolder();
}

/**
 * Brings tfjs-node-gpu into the cache with `npm pack`, checked by its integrity and without running its install script.
 *
 * It can't be an ordinary dependency, because its script downloads an old libtensorflow and fails the whole `npm install`
 * where that address is blocked; and put into the project's node_modules it would be gone after the next `npm ci`. So it stays
 * in the cache, where it finds no packages of the project. What it imports (`@tensorflow/tfjs`, `google-protobuf`) is an
 * ordinary dependency of ours, and two one-line modules beside it pass on what the loading program hands in: tensors and
 * kernels are those of the project's own TensorFlow.js.
 */
export async function installNodePackage(print: Print): Promise<string> {
  const found = findNodePackage();
  if (found !== undefined) return found;
  const target = cachedFolder();
  await installFolder(target, print, async (folder) => {
    print(`Downloading ${nodePackage.name}@${nodePackage.version} with npm`);
    await unpackTarball(await downloadTarball(folder), folder);
    for (const name of handedIn) {
      const stub = join(folder, 'node_modules', name);
      await mkdir(stub, { recursive: true });
      await writeFile(
        join(stub, 'index.js'),
        `module.exports = globalThis[Symbol.for('${handedInKey}')]['${name}'];\n`,
      );
    }
    return { name: nodePackage.name, version: nodePackage.version, sources: { npm: nodePackage.integrity } };
  });
  return target;
}

async function downloadTarball(folder: string): Promise<string> {
  const asked = `${nodePackage.name}@${nodePackage.version}`;
  const result = await runProgram('npm', ['pack', asked, '--pack-destination', folder, '--ignore-scripts'], {
    fileBytes: 256e6,
    seconds: 1200,
  }).catch((error: unknown) => {
    if (!isMissingProgram(error)) throw error;
    throw new UserError(
      `npm was not found: it comes with Node; install it, or add ${asked} to the project without its scripts.`,
    );
  });
  const name = (await readdir(folder)).find((file) => file.endsWith('.tgz'));
  if (result.code !== 0 || name === undefined) {
    throw new UserError(
      `npm could not download ${asked} (${lastComplaint(result)}): check the network or npm's registry (npm config get registry).`,
    );
  }
  const path = join(folder, name);
  const integrity = `sha512-${await hashFile(path, { algorithm: 'sha512', encoding: 'base64' })}`;
  if (integrity !== nodePackage.integrity) {
    throw new UserError(
      `${name} has the integrity ${integrity} instead of ${nodePackage.integrity}: the registry gave another file; ` +
        "empty npm's cache (npm cache clean --force) and run the set-up again.",
    );
  }
  return path;
}

async function unpackTarball(path: string, folder: string): Promise<void> {
  const entries = extract();
  const unpacking = pipeline(createReadStream(path), createGunzip(), entries);
  for await (const entry of entries) {
    const target = join(folder, entry.header.name.replace(/^[^/]+\//, ''));
    // Its own tests and sources are not needed.
    if (
      entry.header.type !== 'file' ||
      !/^[^/]+\/(?:dist|binding)\/|LICENSE|package\.json$/.test(entry.header.name)
    ) {
      entry.resume();
      continue;
    }
    await mkdir(dirname(target), { recursive: true });
    await pipeline(entry, createWriteStream(target));
  }
  await unpacking;
  await rm(path);
}
