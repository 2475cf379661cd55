import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

/** What a program of its own prints: threads are settled when TensorFlow is loaded. */
async function printed(program: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number]>]);
  expect(code).toBe(0);
  return output.trim();
}

/** Cores that two chains of products and attention, independent of each other, keep busy. */
const busyCores = (threads: string, options: string): string => `
  import * as tf from '@tensorflow/tfjs-core';
  import { compileFunction } from '@toco/graph';
  import { initBackend } from '@toco/runtime';
  await initBackend({ backend: 'tensorflow', device: 'cpu', threads: ${threads}, print: () => {} });
  const hasAttention = tf.getKernel('TocoAttention', 'tensorflow') !== undefined;
  const chain = (x) => {
    for (let i = 0; i < 20; i++) {
      x = tf.tanh(tf.matMul(x, x));
      if (hasAttention) x = tf.reshape(tf.engine().runKernel('TocoAttention', { qkv: tf.tile(tf.reshape(x, [1, 512, 1, 8, 64]), [1, 1, 3, 1, 1]) })[0], [512, 512]);
    }
    return x;
  };
  const data = Float32Array.from({ length: 512 * 512 }, (_, i) => Math.sin(i));
  const inputs = { x: { data, shape: [512, 512] } };
  const f = (_, { x }) => ({ y: chain(x), z: chain(tf.neg(x)) });
  const compiled = await compileFunction(f, { params: {}, inputs }, ${options});
  for (let i = 0; i < 3; i++) await compiled.run(inputs);
  const [began, before] = [performance.now(), process.cpuUsage()];
  for (let i = 0; i < 8; i++) await compiled.run(inputs);
  const { user, system } = process.cpuUsage(before);
  console.log((user + system) / 1000 / (performance.now() - began));
`;

test.each([
  ['one thread for all', '1', '{}'],
  ['one operation at a time, on one thread', 'undefined', '{ threads: { inter: 1, intra: 1 } }'],
])('%s keeps one core busy', async (_, threads, options) => {
  expect(Number(await printed(busyCores(threads, options)))).toBeLessThan(1.3);
});

test('each operation has as many threads as it is asked to have', async () => {
  const threads = await printed(`
    import { readdirSync } from 'node:fs';
    import { compileFunction } from '@toco/graph';
    import { initBackend } from '@toco/runtime';
    await initBackend({ backend: 'tensorflow', device: 'cpu', print: () => {} });
    const count = () => readdirSync('/proc/self/task').length;
    const inputs = { x: { data: new Float32Array(1), shape: [1] } };
    const added = [];
    for (const intra of [1, 2, 5]) {
      const before = count();
      const compiled = await compileFunction((_, { x }) => ({ y: x.square() }), { params: {}, inputs }, { threads: { inter: 1, intra } });
      added.push(count() - before);
    }
    console.log(added[2] - added[1]); // the first of all starts others too
  `);
  expect(threads).toBe('3');
});

test('threads of an operation are refused where TensorFlow would not heed them', async () => {
  const message = await printed(`
    import { compileFunction } from '@toco/graph';
    import { initBackend } from '@toco/runtime';
    import koffi from 'koffi';
    await initBackend({ backend: 'tensorflow', device: 'cpu', print: () => {} });
    koffi.load(null).func('unsetenv', 'int', ['str'])('TF_OVERRIDE_GLOBAL_THREADPOOL');
    const inputs = { x: { data: new Float32Array(1), shape: [1] } };
    await compileFunction((_, { x }) => ({ y: x.square() }), { params: {}, inputs }, { threads: { intra: 1 } }).catch(({ message }) => console.log(message));
  `);
  expect(message).toMatch(
    /^The option threads\.intra needs TF_OVERRIDE_GLOBAL_THREADPOOL=1 in the environment/,
  );
});
