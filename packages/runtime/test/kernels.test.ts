import { expect, test } from '@jest/globals';
import { initBackend } from '../src/init-backend.js';
import { readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '@toco/files';
import { flags, instructionSets, sourceFolder } from '../src/kernels.js';
import { supportedPlatform } from '../src/platform.js';
import { built, runNode, start } from './run-node.js';

/** From the least to the best. */
const sets = Object.keys(instructionSets[supportedPlatform()]);

/** Those that this machine has; none where TensorFlow computes on a GPU. */
const { kernels } = await initBackend({ backend: 'tensorflow', print: () => undefined });
const supported = sets.slice(0, sets.indexOf(kernels ?? '') + 1);
const withKernels = supported.length > 0 ? test : test.skip;
const missing = supported.length > 0 ? '' : ' (skipped: no kernels on this machine)';

/**
 * A program that compares attention and its gradient, in float32 and bfloat16, with the same in float64, and prints for
 * each shape the largest errors relative to the largest value. TensorFlow.js has no bfloat16, so the operations are called
 * by their names.
 */
const comparison = `
  const tf = await import('@tensorflow/tfjs-core');
  const { initBackend } = await import(${JSON.stringify(built('index.js'))});
  const { kernels } = await initBackend({ backend: 'tensorflow', print: () => undefined });
  const { binding } = tf.backend();
  const type = (name, value) => ({ name, type: binding.TF_ATTR_TYPE, value });
  const threads = { name: 'threads', type: binding.TF_ATTR_INT, value: 3 };
  const cast = (id, from, to) =>
    binding.executeOp('Cast', [type('SrcT', from), type('DstT', to), { name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false }], [id], 1)[0].id;
  let seed = 1;
  const draw = (count) => Float32Array.from({ length: count }, () => ((seed = (seed * 48271) % 2147483647) / 1073741824 - 1) * 2);
  const rounded = (x) => new Float32Array(binding.tensorDataSync(cast(cast(binding.createTensor([x.length], 1, x), 1, 14), 14, 1)));
  const results = [];
  for (const T of [1, 14])
    for (const [images, tokens, heads, size] of [[2, 45, 2, 64], [1, 1, 1, 8], [1, 7, 3, 24], [1, 130, 2, 32], [2, 49, 1, 5], [1, 33, 2, 100]]) {
      const width = heads * size;
      const make = (shape) => {
        const values = draw(shape.reduce((a, b) => a * b));
        return { shape, values: T === 1 ? values : rounded(values) };
      };
      const [qkv, dOutput] = [make([images, tokens, 3, heads, size]), make([images, tokens, heads, size])];
      const feed = ({ shape, values }) => (T === 1 ? (id) => id : (id) => cast(id, 1, 14))(binding.createTensor(shape, 1, values));
      const [x, dy] = [feed(qkv), feed(dOutput)];
      const [output, sums] = binding.executeOp('TocoAttention', [type('T', T), threads], [x], 2);
      const [gradient] = binding.executeOp('TocoAttentionGrad', [type('T', T), threads], [x, output.id, sums.id, dy], 1);
      if (String([output.shape, sums.shape, gradient.shape]) !== String([dOutput.shape, [images, tokens, heads], qkv.shape])) throw new Error('shapes');
      const read = (id) => binding.tensorDataSync(T === 1 ? id : cast(id, 14, 1));

      const expected = { output: new Float64Array(dOutput.values.length), gradient: new Float64Array(qkv.values.length) };
      const at = (b, t, kind, h, i) => (((b * tokens + t) * 3 + kind) * heads + h) * size + i;
      const atOutput = (b, t, h, i) => ((b * tokens + t) * heads + h) * size + i;
      const sum = (f, count = size) => { let s = 0; for (let i = 0; i < count; i++) s += f(i); return s; };
      const v = qkv.values;
      for (let b = 0; b < images; b++) for (let h = 0; h < heads; h++) for (let t = 0; t < tokens; t++) {
        const scores = Array.from({ length: tokens }, (_, u) => sum((i) => v[at(b, t, 0, h, i)] * v[at(b, u, 1, h, i)]) / Math.sqrt(size));
        const top = Math.max(...scores);
        const total = scores.reduce((s, y) => s + Math.exp(y - top), 0);
        const p = scores.map((y) => Math.exp(y - top) / total);
        const dP = p.map((_, u) => sum((i) => dOutput.values[atOutput(b, t, h, i)] * v[at(b, u, 2, h, i)]));
        const inner = sum((u) => p[u] * dP[u], tokens);
        for (let u = 0; u < tokens; u++) {
          const dScore = (p[u] * (dP[u] - inner)) / Math.sqrt(size);
          for (let i = 0; i < size; i++) {
            expected.output[atOutput(b, t, h, i)] += p[u] * v[at(b, u, 2, h, i)];
            expected.gradient[at(b, t, 0, h, i)] += dScore * v[at(b, u, 1, h, i)];
            expected.gradient[at(b, u, 1, h, i)] += dScore * v[at(b, t, 0, h, i)];
            expected.gradient[at(b, u, 2, h, i)] += p[u] * dOutput.values[atOutput(b, t, h, i)];
          }
        }
      }
      const error = (actual, wanted) => {
        const scale = wanted.reduce((m, y) => Math.max(m, Math.abs(y)), 0);
        return wanted.reduce((m, y, i) => Math.max(m, Math.abs(actual[i] - y)), 0) / scale;
      };
      results.push({ T, output: error(read(output.id), expected.output), gradient: error(read(gradient.id), expected.gradient) });
    }
  console.log(JSON.stringify({ kernels, results }));
`;

for (const set of sets.filter((set) => !supported.includes(set)))
  test.skip(`attention and its gradient by ${set} (skipped: not on this machine)`, () => undefined);

if (supported.length > 0)
  test.each(supported)(
    'attention and its gradient by %s equal those in float64',
    async (set) => {
      const { code, stdout, stderr } = await runNode(comparison, { TOCO_KERNELS: set });
      expect({ code, stderr }).toMatchObject({ code: 0 });
      const { kernels, results } = JSON.parse(stdout) as {
        kernels: string;
        results: { T: number; output: number; gradient: number }[];
      };
      expect(kernels).toBe(set);
      expect(results).toHaveLength(12);
      for (const { T, output, gradient } of results) {
        expect(output).toBeLessThan(T === 1 ? 2e-6 : 2 ** -7);
        expect(gradient).toBeLessThan(T === 1 ? 3e-6 : 2 ** -6);
      }
    },
    60_000,
  );

test('code for different instructions shares no function, which the linker would keep once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'toco-objects-'));
  try {
    const units: [string, string][] = [
      ['lattice.cc', sets[0]!],
      ['refine.cc', sets[0]!],
      ...sets.map((set): [string, string] => ['attention.cc', set]),
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
}, 60_000);

const initialise = `const { initBackend } = await import(${JSON.stringify(built('index.js'))});
  try { console.log(JSON.stringify(await initBackend({ backend: 'tensorflow', device: 'cpu' }))); }
  catch (error) { console.log(error.name + ': ' + error.message); }`;

test('TOCO_KERNELS switches them off, and is refused where it means nothing', async () => {
  const off = await runNode(initialise, { TOCO_KERNELS: 'off' });
  expect(JSON.parse(off.stdout)).not.toHaveProperty('kernels');
  expect(off.stderr).toContain(', no kernels of ours (switched off by TOCO_KERNELS) (');
  expect((await runNode(initialise, { TOCO_KERNELS: 'sse' })).stdout).toBe(
    'UserError: TOCO_KERNELS is "sse": it may be avx512_bf16, avx512, avx2, off, or not be set.\n',
  );
});

test('an engine without kernels says how to get them, and setup compiles them', async () => {
  const root = await mkdtemp(join(tmpdir(), 'toco-kernels-'));
  try {
    for (const name of ['engines', 'tfjs-node-gpu-4.22.0'])
      await symlink(join(cacheFolder(), name), join(root, name));
    const environment = { TOCO_CACHE: root };
    expect((await runNode(initialise, environment)).stderr).toContain(
      'no kernels of ours (not installed: run "npx @toco/runtime setup")',
    );
    expect((await start('node', [built('cli.js'), 'doctor'], environment).ended).stdout).toContain(
      'Missing: The kernels of this version are not installed\n  mend it with: npx @toco/runtime setup\n',
    );
    const installed = await runNode(
      `const { setup } = await import(${JSON.stringify(built('index.js'))}); await setup({ device: 'cpu' });`,
      environment,
    );
    expect(installed).toMatchObject({ code: 0 });
    const { stdout } = await runNode(initialise, environment);
    expect((JSON.parse(stdout) as { kernels?: string }).kernels).toBe(supported.at(-1));

    const folder = readdirSync(root).find((name) => name.startsWith('kernels-')) ?? '';
    const path = join(root, folder, 'toco_kernels.node');
    await writeFile(path, Buffer.alloc(statSync(path).size));
    expect((await runNode(initialise, environment)).stdout).toMatch(
      /^UserError: The kernels could not be added to TensorFlow \(.+\): run "npx @toco\/runtime setup", or set TOCO_KERNELS=off to do without\.\n$/,
    );
  } finally {
    await rm(root, { recursive: true });
  }
}, 120_000);

withKernels(`what is no number stays none${missing}`, async () => {
  const { stdout } = await runNode(`
    const tf = await import('@tensorflow/tfjs-core');
    ${initialise}
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
    ${initialise}
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
