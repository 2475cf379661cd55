import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { nativeModules } from './binding.js';
import { cacheFolder } from '@toco/files';
import { UserError } from '@toco/files';
import { readManifest } from './manifest.js';
import { tensorflowVersion } from './pinned.js';
import { nvidiaDriver } from './platform.js';
import { assertTrusted } from './trusted.js';

/** The command that installs an engine, as sentences to the user name it. */
export const setupCommand = 'npx @toco/runtime setup';

/** Kind of an engine: for the CPU, for GPUs, or a library that the user points at. */
export type EngineKind = 'cpu' | 'gpu' | 'custom';

/** An installed libtensorflow with its binding. */
export interface Engine {
  readonly kind: EngineKind;
  /** Folder that holds the libraries. */
  readonly folder: string;
  /** Path of `libtensorflow_cc.so.2`. */
  readonly libtensorflow: string;
  /** Path of `libtensorflow_framework.so.2`. */
  readonly libtensorflowFramework: string;
  /** Path of the compiled binding of tfjs-node. */
  readonly binding: string;
  /** Path of the module that prepares the process. */
  readonly process: string;
}

/** A home that machines of two kinds share has an engine for each. */
const suffix = process.arch === 'x64' ? '' : `-${process.arch}`;

/** Folders in the cache, in the order in which they are preferred. */
export const engineNames = {
  cpu: [`tensorflow-${tensorflowVersion}-cpu${suffix}`],
  gpu: [`tensorflow-${tensorflowVersion}-gpu`, `tensorflow-${tensorflowVersion}-gpu-without-cuda`],
} as const;

/** The folder with the user's own libtensorflow: what is asked for, else `TOCO_LIBTENSORFLOW`; undefined where neither is given. */
export function customLibrary(asked?: string): string | undefined {
  const given = asked ?? process.env['TOCO_LIBTENSORFLOW'];
  if (!given) return undefined;
  const folder = resolve(given);
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
    if (existsSync(join(folder, name))) continue;
    const origin = asked === undefined ? 'TOCO_LIBTENSORFLOW' : 'The library option';
    throw new UserError(`${origin} names ${folder}, but there is no ${name} in it.`);
  }
  return realpathSync(folder);
}

/** Folder in the cache that joins a user's library with our binding. */
export function customEngineName(folder: string): string {
  return `custom-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`;
}

/** Path of an engine in the cache. */
export function enginePath(name: string): string {
  return join(cacheFolder(), 'engines', name);
}

/**
 * Finds the installed engine for a device: the user's own library where one is given, else the GPU engine where an NVIDIA
 * driver is present, else the CPU engine; each stands in for the other on the CPU. Undefined where none is installed; throws
 * where one is there but damaged, or where others than this user could have written it.
 */
export function findEngine(
  device: 'auto' | 'cpu' | 'gpu' = 'auto',
  { library }: { library?: string | undefined } = {},
): Engine | undefined {
  const own = customLibrary(library);
  if (own !== undefined) return wholeEngine('custom', customEngineName(own));
  const preferGpu = device === 'gpu' || (device === 'auto' && nvidiaDriver() !== undefined);
  const kinds =
    device === 'gpu' ? (['gpu'] as const) : preferGpu ? (['gpu', 'cpu'] as const) : (['cpu', 'gpu'] as const);
  for (const kind of kinds) {
    for (const name of engineNames[kind]) {
      const engine = wholeEngine(kind, name);
      if (engine) return engine;
    }
  }
  return undefined;
}

function wholeEngine(kind: EngineKind, name: string): Engine | undefined {
  const path = enginePath(name);
  const manifest = readManifest(path);
  if (manifest === undefined) return undefined;
  const listed = typeof manifest === 'string' ? [] : Object.keys(manifest.files);
  const native = [...Object.values(nativeModules), 'tensorflow', ...listed];
  assertTrusted(
    cacheFolder(),
    [...native].map((file) => join('engines', name, file)),
  );
  if (typeof manifest === 'string') {
    throw new UserError(
      `The engine in the cache is damaged (${manifest}): run "${setupCommand}" to install it again.`,
    );
  }
  const folder = join(path, 'tensorflow');
  return {
    kind,
    folder,
    libtensorflow: join(folder, 'libtensorflow_cc.so.2'),
    libtensorflowFramework: join(folder, 'libtensorflow_framework.so.2'),
    binding: join(path, nativeModules.binding),
    process: join(path, nativeModules.process),
  };
}
