import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '@toco/files';
import { engineLibrary, initBackend, type BackendInfo } from '../src/init-backend.js';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { supportedPlatform } from '../src/platform.js';
import { built, runNode, start as startProgram } from './run-node.js';

const start = `const { initBackend } = await import(${JSON.stringify(built('index.js'))});`;
const gradient = `const tf = await import('@tensorflow/tfjs-core');
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  console.log((await tf.grad((x) => tf.sum(tf.square(tf.matMul(x, x))))(x).data()).join());`;
const sentence = (options: string): string =>
  `${start} try { await initBackend(${options}); } catch (error) { console.log(error.name + ': ' + error.message); }`;

let empty: string;
beforeAll(async () => {
  empty = await mkdtemp(join(tmpdir(), 'toco-empty-'));
});
afterAll(() => rm(empty, { recursive: true }));

describe('in this process', () => {
  const lines: string[] = [];
  let info: BackendInfo;
  beforeAll(async () => {
    info = await initBackend({ print: (line) => lines.push(line) });
  });

  test('the engine is chosen, named in one line, and computes gradients', async () => {
    expect(info).toMatchObject({ backend: 'tensorflow', version: '2.21.0' });
    expect(tf.getBackend()).toBe('tensorflow');
    expect(lines).toEqual([info.description]);
    const result = tf.grad((x) => tf.sum(tf.square(tf.matMul(x, x))))(tf.tensor2d([1, 2, 3, 4], [2, 2]));
    expect(Array.from(await result.data())).toEqual([158, 274, 266, 482]);
  });

  test('a second call returns the same and prints nothing', async () => {
    expect(await initBackend({ print: (line) => lines.push(line) })).toBe(info);
    expect(lines).toHaveLength(1);
  });

  test('a second call that asks for something else is refused', async () => {
    await expect(initBackend({ backend: 'cpu' })).rejects.toThrow(
      /^This process has loaded another backend already/,
    );
    await expect(initBackend({ threads: info.threads + 1 })).rejects.toThrow(UserError);
  });

  test('the loaded library is named for those who call it themselves', () => {
    const library = engineLibrary();
    expect(library.version).toBe('2.21.0');
    expect(existsSync(library.libtensorflow)).toBe(true);
    expect(dirname(library.libtensorflowFramework)).toBe(library.folder);
  });
});

describe('in a process of its own', () => {
  test('nothing of what TensorFlow says reaches the user', async () => {
    const { stdout, stderr } = await runNode(`${start} await initBackend(); ${gradient}`);
    expect(stdout).toBe('158,274,266,482\n');
    expect(stderr).toMatch(
      /^Backend: tensorflow 2\.21\.0 on the CPU, \d+ threads?, (?:kernels \w+|no toco kernels \(this .*\)) \(.*\)\n$/,
    );
  });

  test('its lines are shown on request', async () => {
    const { stderr } = await runNode(`${start} await initBackend({ logLevel: 'info' });`);
    expect(stderr).toContain('oneDNN custom operations');
  });

  test('fewer threads are started where fewer are asked for', async () => {
    const count = (options: string, environment = {}): Promise<number> =>
      runNode(
        `${start} await initBackend(${options}); ${gradient}
        console.log((await import('node:fs')).readdirSync('/proc/self/task').length);`,
        environment,
      ).then(({ stdout }) => Number(stdout.trim().split('\n').at(-1)));
    const one = await count('{ threads: 1 }');
    // within operations, and for operations side by side
    expect((await count('{ threads: 6 }')) - one).toBe(2 * 5);
    expect((await count('', { TF_NUM_INTRAOP_THREADS: '6' })) - one).toBe(2 * 5);
    const both = { TF_NUM_INTRAOP_THREADS: '6', TF_NUM_INTEROP_THREADS: '1' };
    expect((await count('', both)) - one).toBe(5);
  });

  // By itself TensorFlow decides by the processor, and dilated convolutions have no gradient without oneDNN.
  test.each([
    [undefined, process.arch === 'x64' ? '1' : undefined],
    ['0', '0'],
  ])('oneDNN is asked for on x64, unless the environment says otherwise (%s)', async (given, expected) => {
    const { stdout } = await runNode(
      `${start} await initBackend({ print: () => undefined }); console.log(String(process.env.TF_ENABLE_ONEDNN_OPTS));`,
      { TF_ENABLE_ONEDNN_OPTS: given },
    );
    expect(stdout).toBe(`${expected}\n`);
  });

  test.each(['wasm', 'cpu'])('%s differentiates too', async (backend) => {
    const { stdout, stderr } = await runNode(
      `${start} await initBackend({ backend: '${backend}' }); ${gradient}`,
    );
    expect(stdout).toBe('158,274,266,482\n');
    expect(stderr).toMatch(new RegExp(`^Backend: ${backend} 4\\.22\\.0.*, 1 thread\n`));
  });

  test('without an engine the choice falls on wasm and says so', async () => {
    const { stderr } = await runNode(`${start} await initBackend();`, { TOCO_CACHE: empty });
    expect(stderr).toBe(
      'Backend: wasm 4.22.0, 1 thread; TensorFlow is many times faster: npx @toco/runtime setup\n',
    );
  });

  test("a program's own import of tfjs-node works after ours", async () => {
    const { stdout } = await runNode(
      `${start} await initBackend({ print: () => {} });
       const { version, getBackend } = await import('@tensorflow/tfjs-node-gpu');
       console.log(version['tfjs-node'], getBackend());`,
    );
    expect(stdout).toBe('4.22.0 tensorflow\n');
  });

  // Node itself comes as npm packages for linux-x64.
  const isX64 = process.platform === 'linux' && process.arch === 'x64';
  (isX64 ? test : test.skip).each(['22', '24'])('Node %s runs the engine', async (major) => {
    const require = createRequire(import.meta.url);
    const node = join(dirname(require.resolve(`node-${major}/package.json`)), 'bin', 'node');
    const program = `${start} await initBackend(); ${gradient} console.log(process.versions.node);`;
    const { stdout, stderr } = await runNode(program, {}, node);
    expect(stdout).toMatch(new RegExp(`^158,274,266,482\n${major}\\.`));
    expect(stderr).toMatch(/^Backend: tensorflow 2\.21\.0 .*\n$/);
  });
});

describe('what can not be had is one sentence', () => {
  test.each([
    [
      'no engine',
      `{ backend: 'tensorflow' }`,
      /^UserError: TensorFlow is not installed: run "npx @toco\/runtime setup"\.\n$/,
    ],
    [
      'a device that the backend has not',
      `{ backend: 'wasm', device: 'gpu' }`,
      /^UserError: The backend "wasm" has no GPU.*\n$/,
    ],
    [
      'less than no threads',
      `{ backend: 'tensorflow', threads: -1 }`,
      /^UserError: The number of threads must be a whole number above zero, not -1\.\n$/,
    ],
    [
      'a library that is not there',
      `{ library: '/nowhere' }`,
      /^UserError: The library option names \/nowhere, but there is no libtensorflow_cc\.so\.2 in it\.\n$/,
    ],
  ])('%s', async (_, options, expected) => {
    const { stdout, stderr } = await runNode(sentence(options), { TOCO_CACHE: empty });
    expect(stdout).toMatch(expected);
    expect(stderr).toBe('');
  });

  const hasDriver = existsSync('/proc/driver/nvidia/version');
  (hasDriver ? test.skip : test)('a GPU on a machine without one', async () => {
    const { stdout } = await runNode(sentence(`{ device: 'gpu' }`));
    expect(stdout).toMatch(/^UserError: The GPU was asked for, but there is no NVIDIA driver .*\n$/);
  });

  test('a platform without an engine: what was asked for is refused, what was left to us is told', async () => {
    expect(() => supportedPlatform('win32-x64')).toThrow(
      /^There is no TensorFlow engine for win32-x64, only for linux-x64 and linux-arm64: use the backend "wasm" .*\.$/,
    );
    const elsewhere = { TOCO_PLATFORM: 'linux-x64-musl' };
    const refused = await runNode(sentence(`{ backend: 'tensorflow' }`), elsewhere);
    expect(refused.stdout).toMatch(/^UserError: There is no TensorFlow engine for linux-x64-musl, .*\n$/);
    const chosen = await runNode(`${start} await initBackend(); ${gradient}`, elsewhere);
    expect(chosen).toMatchObject({
      stdout: '158,274,266,482\n',
      stderr: 'Backend: wasm 4.22.0, 1 thread; there is no TensorFlow engine for linux-x64-musl\n',
    });
    const doctor = await startProgram('node', [built('cli.js'), 'doctor'], elsewhere).ended;
    expect(doctor.stdout).toContain(
      'Missing: There is no TensorFlow engine for linux-x64-musl\n  fix: use the backend "wasm"',
    );
    expect(doctor.stdout.match(/Missing/g)).toHaveLength(1);
  }, 60_000);

  test('tfjs-node loaded by the program before', async () => {
    const { stdout } = await runNode(
      `const tf = await import('@tensorflow/tfjs-core'); tf.registerBackend('tensorflow', () => undefined); ${sentence('{}')}`,
    );
    expect(stdout).toMatch(/^UserError: This program has loaded tfjs-node itself: .*\n$/);
  });
});
