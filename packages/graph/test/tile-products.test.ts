import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { cacheFolder } from '@toco/files';
import { initBackend } from '@toco/runtime';

/** Emulated tiles take the vectors of these instructions for what surrounds them. */
const { kernels } = await initBackend({ backend: 'tensorflow', print: () => undefined });
const withVectors = kernels === 'avx512_bf16' || kernels === 'amx_bf16' ? test : test.skip;

/** What a program of its own prints: kernels are chosen when TensorFlow is loaded. */
async function printed(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn(process.execPath, [...args], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, NODE_OPTIONS: '', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number]>]);
  expect(code).toBe(0);
  return output.trim();
}

/** Products in every position of transposed factors, with and without a bias, in bf16 and kept in float32, and their gradient. */
const program = `
  import * as tf from '@tensorflow/tfjs-core';
  import { compileFunction, inFloat32 } from '@toco/graph';
  import { initBackend } from '@toco/runtime';
  await initBackend({ backend: 'tensorflow', device: 'cpu', print: () => {} });
  const random = (shape, seed) => tf.randomNormal(shape, 0, 1, 'float32', seed);
  const inputs = { x: random([70, 40], 1), w: random([40, 37], 2), v: random([37, 40], 3), b: random([37], 4), z: random([70, 37], 5), t: random([37, 70], 6) };
  const f = (_, { x, w, v, b, z, t }) => ({
    biased: tf.add(tf.matMul(x, w), b),
    plain: tf.matMul(x, w),
    right: tf.matMul(x, v, false, true),
    left: tf.matMul(x, z, true, false),
    both: tf.matMul(x, t, true, true),
    exact: inFloat32(() => tf.matMul(x, w)),
    gradient: tf.grad((w) => tf.sum(tf.tanh(tf.matMul(x, w))))(w),
  });
  const compiled = await compileFunction(f, { params: {}, inputs }, { precision: 'bf16', threads: { inter: 1, intra: 2 } });
  const values = await compiled.run(inputs);
  const exported = Buffer.from(compiled.graphDef().graphDef).toString('latin1');
  console.log(JSON.stringify({
    operations: compiled.stats().operations,
    values: Object.fromEntries(Object.entries(values).map(([name, { data }]) => [name, [...data]])),
    isPortable: !exported.includes('TocoProduct'),
  }));
`;

interface Printed {
  readonly operations: Readonly<Record<string, number>>;
  readonly values: Readonly<Record<string, readonly number[]>>;
  readonly isPortable: boolean;
}

withVectors(
  `products of bf16 go by tiles, emulated ones, and give what TensorFlow's give${withVectors === test ? '' : ' (skipped: no AVX-512 with bf16)'}`,
  async () => {
    const cache = await mkdtemp(join(tmpdir(), 'toco-tiles-'));
    try {
      for (const name of ['engines', 'tfjs-node-gpu-4.22.0'])
        if (existsSync(join(cacheFolder(), name)))
          await symlink(join(cacheFolder(), name), join(cache, name));
      const emulated = { TOCO_CACHE: cache, TOCO_EMULATE_TILES: '1' };
      const runtime = createRequire(import.meta.url).resolve('@toco/runtime');
      await printed([join(runtime, '../cli.js'), 'setup', '--cpu'], emulated);
      const [ours, theirs] = await Promise.all(
        ['amx_bf16', 'avx512_bf16'].map(async (set): Promise<Printed> => {
          const environment = { ...emulated, TOCO_KERNELS: set };
          return JSON.parse(await printed(['--input-type=module', '-e', program], environment)) as Printed;
        }),
      );
      // x w is asked for with and without a bias; TN: one by itself, one as the gradient of w
      expect(ours!.operations).toMatchObject({
        TocoProductNN: 2,
        TocoProductNT: 1,
        TocoProductTN: 2,
        MatMul: 2,
      });
      expect(ours!.isPortable).toBe(true);
      expect(Object.keys(theirs!.operations).filter((name) => name.startsWith('TocoProduct'))).toEqual([]);
      for (const [name, values] of Object.entries(theirs!.values)) {
        const largest = Math.max(...values.map(Math.abs));
        const off = Math.max(...values.map((value, i) => Math.abs(value - ours!.values[name]![i]!)));
        // sums that lie between two numbers of bfloat16 may be rounded either way
        expect({ name, off: off / largest < (name === 'exact' ? 1e-6 : 2 ** -7) }).toEqual({
          name,
          off: true,
        });
      }
    } finally {
      await rm(cache, { recursive: true });
    }
  },
  600_000,
);
