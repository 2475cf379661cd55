import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { compile, fromPackage, nodeHeaders, prebuiltFolder } from './binding.js';
import { cacheFolder } from '@toco/files';
import { installFolder } from './install-folder.js';
import { readManifest } from './manifest.js';
import { supportedPlatform, type SupportedPlatform } from './platform.js';
import type { Print } from './progress.js';
import { assertTrusted } from './trusted.js';

const moduleName = 'toco_kernels.node';

const avx2 = ['-mavx2', '-mfma'];
const avx512 = [...avx2, '-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mavx512cd'];
const avx512_bf16 = [...avx512, '-mavx512bf16'];

/**
 * Flags of g++ by instruction set, the least first; code for each goes into the module, and the processor decides which is
 * used. Tiles are written in assembly, for which there is no flag.
 */
export const instructionSets: Readonly<
  Record<SupportedPlatform, Readonly<Record<string, readonly string[]>>>
> = {
  'linux-x64': { avx2, avx512, avx512_bf16, amx_bf16: avx512_bf16 },
  // all processors of this kind have it, so there is nothing to ask for
  'linux-arm64': { neon: [] },
};

/** The least that our kernels need: what has no better code is compiled for it. */
const least = { 'linux-x64': avx2, 'linux-arm64': ['-Wno-psabi'] } as const;

export const flags = [
  ...['-O3', '-fPIC', '-std=c++17', '-fvisibility=hidden', '-DNAPI_VERSION=8'],
  ...['-ffp-contract=fast', '-fno-math-errno'], // products and sums in one instruction, roots without a look at errors
];

export const sourceFolder = fromPackage('native/kernels');

/** Sources of what is compiled for each instruction set: linear maps are of float32, for which only the length of vectors counts. */
export function sourcesFor(set: string): readonly string[] {
  if (set === 'amx_bf16') return ['attention-amx.cc', 'product-amx.cc'];
  return set === 'avx512_bf16' ? ['attention.cc'] : ['attention.cc', 'linear.cc'];
}

/**
 * `TOCO_EMULATE_TILES=1` has tiles emulated, slowly, by kernels of their own in the cache, so that what surrounds them is tested
 * on processors without them; `2` gets them wrong, with `3` the system does not grant them, with `4` the processor does not know
 * them.
 */
function emulation(): string[] {
  const asked = process.env['TOCO_EMULATE_TILES'];
  return asked ? [`-DEMULATED_TILES=${asked}`] : [];
}

/** Name of what these sources and flags give; another version of this package has another beside it in the cache. */
function kernelsName(): string {
  const hash = createHash('sha256').update(
    JSON.stringify([supportedPlatform(), instructionSets[supportedPlatform()], flags, ...emulation()]),
  );
  for (const name of readdirSync(sourceFolder).sort()) hash.update(readFileSync(join(sourceFolder, name)));
  return `kernels-${hash.digest('hex').slice(0, 12)}`;
}

/** Folder of this package that holds the compiled kernels; filled when it is packed. */
function prebuiltKernels(): string {
  return join(prebuiltFolder(), kernelsName());
}

/** Whether the compiled kernels came with this package. */
export function arePrebuilt(): boolean {
  return existsSync(join(prebuiltKernels(), moduleName));
}

/** Compiles the kernels into this package, in place of those of an earlier version. */
export async function prebuildKernels(engineFolder: string): Promise<void> {
  for (const name of await readdir(prebuiltFolder()).catch(() => []))
    if (name.startsWith('kernels-')) await rm(join(prebuiltFolder(), name), { recursive: true });
  const folder = `${prebuiltKernels()}.partial`;
  await mkdir(folder, { recursive: true });
  await compileKernels(engineFolder, folder);
  await rename(folder, prebuiltKernels());
}

/** Puts the kernels into the cache: the ones that came with this package, else compiled. */
export async function installKernels(engineFolder: string, print: Print): Promise<void> {
  const name = kernelsName();
  await installFolder(join(cacheFolder(), name), print, async (folder) => {
    if (arePrebuilt()) {
      await copyFile(join(prebuiltKernels(), moduleName), join(folder, moduleName));
    } else {
      print('Compiling the kernels with g++ (about 10 s)');
      await compileKernels(engineFolder, folder);
    }
    return { name, version: '', sources: {} };
  });
}

async function compileKernels(engineFolder: string, folder: string): Promise<void> {
  const platform = supportedPlatform();
  const objects = [
    ...Object.entries(instructionSets[platform]).flatMap(([name, options]) =>
      sourcesFor(name).map((source) => ({
        source,
        object: `${name}-${source}.o`,
        options: [...options, `-DINSTRUCTION_SET=${name}`],
      })),
    ),
    ...['lattice', 'refine', 'pointwise'].map((name) => ({
      source: `${name}.cc`,
      object: `${name}.o`,
      options: least[platform],
    })),
    ...[
      ...[
        'check',
        'attention-operations',
        'lattice-operation',
        'refine-operation',
        'pointwise-operations',
        'linear-operation',
      ],
      ...['ring', 'reduce-operation', 'register', 'module'],
      ...(platform === 'linux-x64' ? ['product-operation'] : []),
    ].map((name) => ({
      source: `${name}.cc`,
      object: `${name}.o`,
      options: ['-DNODE_GYP_MODULE_NAME=toco_kernels'],
    })),
  ];
  const path = (object: string): string => join(folder, 'objects', object);
  await mkdir(join(folder, 'objects'));
  await Promise.all(
    objects.map(({ source, object, options }) =>
      compile([
        ...flags,
        ...emulation(),
        ...options,
        `-I${nodeHeaders()}`,
        ...['-c', join(sourceFolder, source), '-o', path(object)],
      ]),
    ),
  );
  await compile([
    ...['-shared', ...objects.map(({ object }) => path(object))],
    ...[`-L${join(engineFolder, 'tensorflow')}`, '-l:libtensorflow_framework.so.2'],
    ...['-s', '-o', join(folder, moduleName)],
  ]);
  await rm(join(folder, 'objects'), { recursive: true });
}

/** The installed kernels; undefined where those of this version are not. Throws where others could have written them. */
export function findKernels(): string | undefined {
  const folder = join(cacheFolder(), kernelsName());
  if (typeof readManifest(folder) !== 'object') return undefined;
  assertTrusted(cacheFolder(), [join(kernelsName(), moduleName)]);
  return join(folder, moduleName);
}

/** Where measurements of these kernels are remembered. */
export function measurementsFile(): string {
  return join(cacheFolder(), kernelsName(), 'measured.json');
}
