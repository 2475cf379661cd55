import { afterEach, expect, test } from '@jest/globals';
import { endStarted, runCluster, startCluster } from './processes.js';

afterEach(endStarted);

/** Values that each rank has, known to all: `valueOf(rank, tensor, i)`. */
const values = `
  const sizes = [1, 2, 7, 1000, 196613, 300001];
  const count = cluster.addresses.length;
  const valueOf = (rank, t, i) => Math.fround(Math.sin((i + 1) * (rank + 2) * (t + 1)) * 10 ** ((i % 5) - 2));
  const x = Object.fromEntries(sizes.map((size, t) => ['x' + t, { data: Float32Array.from({ length: size }, (_, i) => valueOf(rank, t, i)), shape: [size] }]));
`;

test.each([2, 3])(
  '%d processes: the mean is that of float64 within its rounding, and the same bits in all, in any order of the buckets',
  async (count) => {
    const lines = await runCluster(
      count,
      `
      ${values}
      const { createHash } = await import('node:crypto');
      // A long chain of products comes before other tensors in each rank, so that buckets begin in different orders.
      const batch = { x, late: { data: Float32Array.from({ length: 300 * 300 }, (_, i) => (i % 301 === 0 ? 1 : 0)), shape: [300, 300] } };
      const step = (_, { x, late }) => {
        const names = Object.keys(x);
        let zero = late;
        for (let i = 0; i < 30; i++) zero = tf.matMul(zero, late);
        zero = tf.sub(tf.mean(tf.max(zero, 1)), 1);
        const behind = (name) => names.indexOf(name) % count === rank;
        return allReduce(Object.fromEntries(names.map((name) => [name, behind(name) ? tf.add(x[name], zero) : x[name]])), { bucketBytes: 0 });
      };
      const compiled = await compileFunction(step, { params: {}, inputs: batch }, { cluster });
      let [hash, error] = [createHash('sha256'), 0];
      for (let round = 0; round < 3; round++) {
        const means = await compiled.run(batch);
        sizes.forEach((size, t) => {
          const { data } = means['x' + t];
          hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
          for (let i = 0; i < size; i++) {
            let [sum, scale] = [0, 0];
            for (let r = 0; r < count; r++) {
              sum += valueOf(r, t, i);
              scale += Math.abs(valueOf(r, t, i));
            }
            error = Math.max(error, (Math.abs(data[i] - sum / count) * count) / scale);
          }
        });
      }
      console.log(JSON.stringify({ hash: hash.digest('hex'), error }));
    `,
    );
    const [first, ...others] = lines.map((line) => JSON.parse(line) as { hash: string; error: number });
    for (const { hash } of others) expect(hash).toBe(first!.hash);
    expect(first!.error).toBeLessThan(count * 2 ** -24);
  },
);

test('what is no number stays so in all processes, in means and maxima', async () => {
  const lines = await runCluster(
    2,
    `
    const batch = { x: { data: Float32Array.of(rank ? NaN : 1, rank ? 1 : NaN, rank, -Infinity), shape: [4] } };
    const f = (_, { x }) => ({ mean: allReduce({ x }).x, max: allReduce({ x }, { merge: 'max' }).x });
    const compiled = await compileFunction(f, { params: {}, inputs: batch }, { cluster });
    const { mean, max } = await compiled.run(batch);
    console.log([...mean.data, ...max.data].join());
  `,
  );
  const line = 'NaN,NaN,0.5,-Infinity,NaN,NaN,1,-Infinity';
  expect(lines).toEqual([line, line]);
});

test('processes that reduce different lengths say so, all of them', async () => {
  const members = await startCluster(
    3,
    `
    const size = rank === 1 ? 8 : 11;
    const batch = { x: { data: new Float32Array(size), shape: [size] } };
    const compiled = await compileFunction((_, { x }) => allReduce({ x }), { params: {}, inputs: batch }, { cluster });
    await compiled.run(batch).catch(({ message }) => console.log(message));
    process.exit();
  `,
  );
  for (const { stdout } of await Promise.all(members.map(({ ended }) => ended)))
    expect(stdout).toMatch(
      /^Rank \d: reduction 0 of the step is the mean of (11|8) float32 in rank \d \(.*:\d+\), and the mean of (11|8) float32 in rank \d \(.*:\d+\)\n$/,
    );
});

test('one of four that is killed in the middle of a large reduction is named by all others, neighbors or not', async () => {
  const members = await startCluster(
    4,
    `
    const batch = { x: { data: Float32Array.of(1), shape: [1] } };
    const f = (_, { x }) => ({ y: tf.sum(allReduce({ x: tf.tile(x, [8 * 2 ** 20]) }).x) });
    const compiled = await compileFunction(f, { params: {}, inputs: batch }, { cluster });
    try {
      for (let i = 0; ; i++) {
        await compiled.run(batch);
        if (i === 1) console.log('running');
      }
    } catch ({ message }) {
      console.log(message);
    }
    process.exit();
  `,
  );
  await Promise.all(members.map((member) => member.printed('running')));
  members[1]!.child.kill('SIGKILL');
  const began = performance.now();
  const ends = await Promise.all(members.map(({ ended }) => ended));
  expect(performance.now() - began).toBeLessThan(30_000);
  ends.forEach(({ stdout }, rank) => {
    if (rank !== 1)
      expect(stdout).toMatch(new RegExp(`^Rank ${rank} lost rank 1 \\(.*\\) in a reduction: `, 'm'));
  });
});

test('a thousand reductions leave neither memory nor descriptors behind', async () => {
  const [line] = await runCluster(
    2,
    `
    const { readdirSync } = await import('node:fs');
    const names = Array.from({ length: 5 }, (_, i) => 'p' + i);
    const batch = { x: { data: new Float32Array(20000), shape: [20000] } };
    const f = (_, { x }) => ({ y: tf.sum(tf.addN(Object.values(allReduce(Object.fromEntries(names.map((name, i) => [name, tf.add(x, i)])), { bucketBytes: 0 })))) });
    const compiled = await compileFunction(f, { params: {}, inputs: batch }, { cluster });
    const state = () => ({ files: readdirSync('/proc/self/fd').length, tasks: readdirSync('/proc/self/task').length, memory: process.memoryUsage().rss });
    let before;
    for (let i = 0; i < 300; i++) {
      if (i === 100) before = state();
      await compiled.run(batch);
    }
    const after = state();
    console.log(JSON.stringify({ files: after.files - before.files, tasks: after.tasks - before.tasks, mebibytes: (after.memory - before.memory) / 2 ** 20 }));
  `,
  );
  const { files, tasks, mebibytes } = JSON.parse(line!) as Record<string, number>;
  expect([files, tasks]).toEqual([0, 0]);
  // A thousand of them are 76 MiB.
  expect(mebibytes).toBeLessThan(20);
});

test('whoever else connects to the port is not listened to', async () => {
  const lines = await runCluster(
    2,
    `
    const { connect } = await import('node:net');
    const batch = { x: { data: Float32Array.of(rank), shape: [1] } };
    if (rank === 1) await sleep(2000);
    const compiled = await compileFunction((_, { x }) => allReduce({ x }), { params: {}, inputs: batch }, { cluster });
    if (rank === 0) {
      const stranger = connect({ host: '127.0.0.1', port: Number(cluster.addresses[0].split(':')[1]) });
      await new Promise((resolve, reject) => {
        stranger.once('error', reject).write('GET / HTTP/1.1\\r\\n\\r\\n', resolve);
      });
      stranger.on('error', () => undefined);
    }
    console.log((await compiled.run(batch)).x.data[0]);
    process.exit();
  `,
  );
  expect(lines).toEqual(['0.5', '0.5']);
});

test("without our kernels TensorFlow's own ring gives the same", async () => {
  const before = process.env['TOCO_KERNELS'];
  process.env['TOCO_KERNELS'] = 'off';
  try {
    const lines = await runCluster(
      2,
      `
      const batch = { x: { data: Float32Array.of(rank, 2, 0.1), shape: [3] }, y: { data: Float32Array.of(3 * rank), shape: [] } };
      const compiled = await compileFunction((_, b) => allReduce(b), { params: {}, inputs: batch }, { cluster });
      const { x, y } = await compiled.run(batch);
      console.log(compiled.stats().operations.CollectiveReduceV2, [...x.data].join(), y);
      await sleep(300);
      process.exit();
    `,
    );
    const line = `1 0.5,2,${Math.fround(0.1)} 1.5`;
    expect(lines).toEqual([line, line]);
  } finally {
    if (before === undefined) delete process.env['TOCO_KERNELS'];
    else process.env['TOCO_KERNELS'] = before;
  }
});
