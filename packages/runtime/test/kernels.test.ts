import { expect, test } from '@jest/globals';
import { initBackend } from '../src/init-backend.js';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '@toco/files';
import { flags, instructionSets, sourceFolder, sourcesFor } from '../src/kernels.js';
import { supportedPlatform } from '../src/platform.js';
import { built, runNode, start } from './run-node.js';

/** From the least to the best. */
const sets = Object.keys(instructionSets[supportedPlatform()]);

/** Those that this machine has; none where TensorFlow computes on a GPU. */
const { kernels } = await initBackend({ backend: 'tensorflow', print: () => undefined });
const supported = sets.slice(0, sets.indexOf(kernels ?? '') + 1);
const withKernels = supported.length > 0 ? test : test.skip;
const missing = supported.length > 0 ? '' : ' (skipped: no kernels on this machine)';

const initialize = `const { initBackend } = await import(${JSON.stringify(built('index.js'))});
  try { console.log(JSON.stringify(await initBackend({ backend: 'tensorflow', device: 'cpu' }))); }
  catch (error) { console.log(error.name + ': ' + error.message); }`;

async function expectRight(set: string, environment: Record<string, string> = {}): Promise<void> {
  const program = fileURLToPath(new URL('compare-attention.js', import.meta.url));
  const { code, stdout, stderr } = await start('node', [program], { ...environment, TOCO_KERNELS: set })
    .ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const { kernels, results } = JSON.parse(stdout) as {
    kernels: string;
    results: Record<'output' | 'outputBound' | 'gradient' | 'gradientBound', number>[];
  };
  expect(kernels).toBe(set);
  expect(results).toHaveLength(20);
  for (const { output, outputBound, gradient, gradientBound } of results) {
    expect(output).toBeLessThan(outputBound);
    expect(gradient).toBeLessThan(gradientBound);
  }
}

for (const set of sets) {
  const isHere = supported.includes(set);
  (isHere ? test : test.skip)(
    `attention and its gradient by ${set} equal those in float64${isHere ? '' : ' (skipped: not on this machine)'}`,
    () => expectRight(set),
    300_000,
  );
}

for (const set of sets) {
  const isHere = supported.includes(set);
  (isHere ? test : test.skip)(
    `linear maps by ${set}, with all that may come with them, equal those in float64, on any number of threads${isHere ? '' : ' (skipped: not on this machine)'}`,
    async () => {
      const program = fileURLToPath(new URL('compare-linear.js', import.meta.url));
      const { code, stdout, stderr } = await start('node', [program], { TOCO_KERNELS: set }).ended;
      expect({ code, stderr }).toMatchObject({ code: 0 });
      const { kernels, results } = JSON.parse(stdout) as {
        kernels: string;
        results: { readonly has: string; readonly error: number; readonly same: boolean }[];
      };
      expect(kernels).toBe(set);
      expect(results).toHaveLength(42);
      expect(results.filter(({ error, same }) => !(error < 2e-6) || !same)).toEqual([]);
    },
    120_000,
  );
}

/** An environment whose kernels emulate tiles, see `kernels.ts`; its cache is to be removed. */
async function emulatedTiles(kind: number): Promise<{ TOCO_CACHE: string; TOCO_EMULATE_TILES: string }> {
  const root = await mkdtemp(join(tmpdir(), 'toco-tiles-'));
  for (const name of ['engines', 'tfjs-node-gpu-4.22.0'])
    if (existsSync(join(cacheFolder(), name))) await symlink(join(cacheFolder(), name), join(root, name));
  const environment = { TOCO_CACHE: root, TOCO_EMULATE_TILES: String(kind) };
  const setUp = `const { setup } = await import(${JSON.stringify(built('index.js'))}); await setup({ device: 'cpu' });`;
  expect(await runNode(setUp, environment)).toMatchObject({ code: 0 });
  return environment;
}

/** Emulated tiles take the vectors of this set for what surrounds them. */
const withVectors = supported.includes('avx512_bf16') ? test : test.skip;

withVectors(
  `emulated tiles: attention and products equal those in float64, products as near as TensorFlow's${supported.includes('avx512_bf16') ? '' : ' (skipped: no AVX-512 with bf16)'}`,
  async () => {
    const emulated = await emulatedTiles(1);
    try {
      await expectRight('amx_bf16', emulated);
      const program = fileURLToPath(new URL('compare-products.js', import.meta.url));
      const environment = { ...emulated, TOCO_KERNELS: 'amx_bf16' };
      const { code, stdout, stderr } = await start('node', [program], environment).ended;
      expect({ code, stderr }).toMatchObject({ code: 0 });
      const { tileProducts, results } = JSON.parse(stdout) as {
        tileProducts: boolean;
        results: { shape: string; ours: number; theirs: number; same: boolean }[];
      };
      expect(tileProducts).toBe(true);
      expect(results).toHaveLength(36);
      for (const { shape, ours, theirs, same } of results) {
        expect({ shape, same }).toEqual({ shape, same: true });
        // where a sum lies between two numbers, the order of its additions decides
        expect(ours).toBeLessThanOrEqual(1.01 * theirs);
      }
    } finally {
      await rm(emulated.TOCO_CACHE, { recursive: true });
    }
  },
  600_000,
);

const reasons = {
  'that are wrong': [2, /, amx_bf16 passed over: wrong on a small input here \(/],
  'that the system does not grant': [
    3,
    /, amx_bf16 passed over: the system does not let this process use tiles \(/,
  ],
  'that the processor claims and does not know': [
    4,
    /, amx_bf16 passed over: wrong on a small input here \(/,
  ],
} as const;
const told = Object.keys(reasons) as (keyof typeof reasons)[];

withVectors.each(told)(
  'tiles %s are passed over, with a line',
  async (why) => {
    const [kind, line] = reasons[why];
    const emulated = await emulatedTiles(kind);
    try {
      const { code, stderr } = await runNode(initialize, emulated);
      expect(code).toBe(0);
      expect(stderr).toMatch(line);
      expect(stderr).toMatch(/ kernels avx512(?:_bf16)?, /);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    } finally {
      await rm(emulated.TOCO_CACHE, { recursive: true });
    }
  },
  300_000,
);

withVectors(
  'what was measured is remembered for the processor, and used again',
  async () => {
    const emulated = await emulatedTiles(3);
    try {
      const kernelsOf = async (): Promise<string> =>
        (JSON.parse((await runNode(initialize, emulated)).stdout) as { kernels: string }).kernels;
      const chosen = await kernelsOf();
      const folder = readdirSync(emulated.TOCO_CACHE).find((name) => name.startsWith('kernels-')) ?? '';
      const path = join(emulated.TOCO_CACHE, folder, 'measured.json');
      const [model, found] = Object.entries(
        JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>,
      )[0]!;
      expect(found).toEqual({ bf16IsSlower: chosen === 'avx512' });
      await writeFile(path, JSON.stringify({ [model]: { bf16IsSlower: chosen !== 'avx512' } }));
      expect(await kernelsOf()).toBe(chosen === 'avx512' ? 'avx512_bf16' : 'avx512');
      for (const text of ['{', 'null', JSON.stringify({ [model]: { bf16IsSlower: 'perhaps' } })]) {
        await writeFile(path, text);
        expect(await kernelsOf()).toBe(chosen);
        expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ [model]: found });
      }
    } finally {
      await rm(emulated.TOCO_CACHE, { recursive: true });
    }
  },
  300_000,
);

test('code for different instructions shares no function, which the linker would keep once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'toco-objects-'));
  try {
    const units: [string, string][] = [
      ['lattice.cc', sets[0]!],
      ['refine.cc', sets[0]!],
      ['pointwise.cc', sets[0]!],
      ...sets.flatMap((set) => sourcesFor(set).map((source): [string, string] => [source, set])),
    ];
    for (const [source, name] of units) {
      const object = join(folder, `${name}.o`);
      const options = [...flags, ...instructionSets[supportedPlatform()][name]!, `-DINSTRUCTION_SET=${name}`];
      const compiled = await start('g++', [...options, '-c', join(sourceFolder, source), '-o', object]).ended;
      expect(compiled).toMatchObject({ code: 0, stderr: '' });
      const symbols = (await start('nm', ['-C', object]).ended).stdout.split('\n');
      expect(symbols.filter((line) => / [uVW] /.test(line))).toEqual([]);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}, 300_000);

test('TOCO_KERNELS switches them off, and is refused where it means nothing', async () => {
  const off = await runNode(initialize, { TOCO_KERNELS: 'off' });
  expect(JSON.parse(off.stdout)).not.toHaveProperty('kernels');
  expect(off.stderr).toContain(', no toco kernels (switched off by TOCO_KERNELS) (');
  expect((await runNode(initialize, { TOCO_KERNELS: 'sse' })).stdout).toBe(
    'UserError: TOCO_KERNELS is "sse": it may be amx_bf16, avx512_bf16, avx512, avx2, neon, off, or not be set.\n',
  );
});

test('an engine without kernels says how to get them, and setup compiles them', async () => {
  const root = await mkdtemp(join(tmpdir(), 'toco-kernels-'));
  try {
    for (const name of ['engines', 'tfjs-node-gpu-4.22.0'])
      await symlink(join(cacheFolder(), name), join(root, name));
    const environment = { TOCO_CACHE: root };
    expect((await runNode(initialize, environment)).stderr).toContain(
      'no toco kernels (not installed: run "npx @toco/runtime setup")',
    );
    expect((await start('node', [built('cli.js'), 'doctor'], environment).ended).stdout).toContain(
      'Missing: The kernels of this version are not installed\n  fix: npx @toco/runtime setup\n',
    );
    const installed = await runNode(
      `const { setup } = await import(${JSON.stringify(built('index.js'))}); await setup({ device: 'cpu' });`,
      environment,
    );
    expect(installed).toMatchObject({ code: 0 });
    const { stdout } = await runNode(initialize, environment);
    expect((JSON.parse(stdout) as { kernels?: string }).kernels).toBe(supported.at(-1));

    const folder = readdirSync(root).find((name) => name.startsWith('kernels-')) ?? '';
    const path = join(root, folder, 'toco_kernels.node');
    await writeFile(path, Buffer.alloc(statSync(path).size));
    expect((await runNode(initialize, environment)).stdout).toMatch(
      /^UserError: The kernels could not be added to TensorFlow \(.+\): run "npx @toco\/runtime setup", or set TOCO_KERNELS=off to do without\.\n$/,
    );
  } finally {
    await rm(root, { recursive: true });
  }
}, 300_000);

withKernels(`what is no number stays none${missing}`, async () => {
  const { stdout } = await runNode(`
    const tf = await import('@tensorflow/tfjs-core');
    ${initialize}
    const values = new Float32Array(40 * 3 * 16).fill(0.5);
    values[7 * 48 + 16] = NaN; // of one key
    const run = (qkv) => tf.engine().runKernel('TocoAttention', { qkv });
    const qkv = tf.tensor(values, [1, 40, 3, 1, 16]);
    const [output, logSums] = run(qkv);
    const gradient = tf.engine().runKernel('TocoAttentionGrad', { qkv, output, logSums, dOutput: tf.onesLike(output) });
    for (const x of [output, logSums, gradient]) console.log(x.dataSync().some(Number.isNaN));
    console.log(run(tf.onesLike(qkv))[0].dataSync().some(Number.isNaN));
  `);
  expect(stdout.split('\n').slice(1, 5)).toEqual(['true', 'true', 'true', 'false']);
});

withKernels(`shapes that are none of attention are refused in one sentence${missing}`, async () => {
  const { stdout } = await runNode(`
    const tf = await import('@tensorflow/tfjs-core');
    ${initialize}
    const refused = (name, inputs) => {
      try { tf.engine().runKernel(name, inputs); } catch (error) { console.log(error.message.split('\\n').at(-1)); }
    };
    refused('TocoAttention', { qkv: tf.zeros([2, 3]) });
    const qkv = tf.zeros([1, 2, 3, 1, 4]);
    const [output, logSums] = tf.engine().runKernel('TocoAttention', { qkv });
    refused('TocoAttentionGrad', { qkv, output, logSums, dOutput: tf.zeros([1, 2, 4]) });
  `);
  expect(stdout).toContain('TocoAttention takes [images,tokens,3,heads,size]');
  expect(stdout).toContain('TocoAttentionGrad takes what TocoAttention gave and a gradient of its shape');
});
