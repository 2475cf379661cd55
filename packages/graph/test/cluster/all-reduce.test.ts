import { afterEach, expect, test } from '@jest/globals';
import { endStarted, runCluster, startCluster } from './processes.js';

afterEach(endStarted);

/** What each rank printed as JSON. */
async function results<T>(count: number, program: string): Promise<T[]> {
  return (await runCluster(count, program)).map((line) => JSON.parse(line) as T);
}

test('mean, sum and maximum of several types and shapes, the same in all processes', async () => {
  const ranks = await results<
    Record<string, { data: Record<string, number>; shape: number[]; dtype: string }>
  >(
    3,
    `
    const batch = { x: { data: Float32Array.of(rank + 1, 10 * rank, 0.1), shape: [3] }, n: { data: Int32Array.of(rank, -rank), shape: [2, 1] } };
    const f = (_, { x, n }) => {
      const mean = allReduce({ x, twice: tf.outerProduct(x, x) });
      const sum = allReduce({ n, x, one: tf.scalar(1, 'int32') }, { merge: 'sum', bucketBytes: 4 });
      const max = allReduce({ n, x }, { merge: 'max', bucketBytes: Infinity });
      return { mean: mean.x, outer: mean.twice, sum: sum.n, sumX: sum.x, size: tf.reshape(sum.one, [1]), max: max.n, maxX: max.x };
    };
    const compiled = await compileFunction(f, { params: {}, inputs: batch }, { cluster });
    console.log(JSON.stringify(await compiled.run(batch)));
  `,
  );
  const [first] = ranks;
  expect(ranks).toEqual([first, first, first]);
  const values = (name: string): number[] => Object.values(first![name]!.data);
  expect(values('mean')).toEqual([2, 10, expect.closeTo(0.1, 6)]);
  expect(first!['outer']!.shape).toEqual([3, 3]);
  // the means of (r + 1)² and of 10·r·(r + 1)
  expect(values('outer').slice(0, 2)).toEqual([expect.closeTo(14 / 3, 5), expect.closeTo(80 / 3, 5)]);
  expect([values('sum'), first!['sum']!.dtype, first!['sum']!.shape]).toEqual([[3, -3], 'int32', [2, 1]]);
  expect(values('sumX')).toEqual([6, 30, expect.closeTo(0.3, 6)]);
  expect(values('size')).toEqual([3]);
  expect(values('max')).toEqual([2, 0]);
  expect(values('maxX')).toEqual([3, 20, expect.closeTo(0.1, 6)]);
});

test('processes that trace at other times, in other shapes, with small buckets, keep the same state', async () => {
  const ranks = await results<{ weights: string; step: number }>(
    2,
    `
    // Each rank sees batches of sizes of its own, so it traces when the other does not; phases reduce other tensors.
    const names = Array.from({ length: 12 }, (_, i) => 'p' + i);
    const state = { p: Object.fromEntries(names.map((name, i) => [name, tf.fill([i + 1, 3], i)])), step: tf.scalar(0, 'int32') };
    const step = (s, { x }, phase) => {
      const size = tf.div(tf.sum(x), x.size);
      const own = Object.fromEntries(names.slice(phase.skip).map((name, i) => [name, tf.mul(tf.add(s.p[name], i), size)]));
      const grads = allReduce(own, { bucketBytes: 100 });
      const p = Object.fromEntries(names.map((name) => [name, grads[name] ? tf.sub(s.p[name], tf.mul(grads[name], 0.01)) : s.p[name]]));
      return { state: { p, step: tf.add(s.step, tf.scalar(1, 'int32')) }, metrics: allReduce({ size }) };
    };
    const batchOf = (i) => {
      const size = 1 + ((i * (rank + 2)) % 4);
      return { x: { data: Float32Array.from({ length: size }, (_, j) => Math.sin(i + j + rank)), shape: [size] } };
    };
    const compiled = await compile(step, { state, batch: batchOf(0), phase: { skip: 0 } }, { cluster });
    for (let i = 0; i < 40; i++) await compiled.run(batchOf(i), { skip: i % 3 });
    const { p, step: done } = await compiled.state();
    const { createHash } = await import('node:crypto');
    const hash = createHash('sha256');
    for (const tensor of Object.values(p)) hash.update(new Uint8Array(tensor.dataSync().buffer));
    console.log(JSON.stringify({ weights: hash.digest('hex'), step: done.dataSync()[0] }));
  `,
  );
  expect(ranks[0]).toEqual(ranks[1]);
  expect(ranks[0]!.step).toBe(40);
});

/** Steps without end over many small buckets: prints its state before and after what ends it. */
const endless = `
  const names = Array.from({ length: 20 }, (_, i) => 'p' + i);
  const state = { p: Object.fromEntries(names.map((name) => [name, tf.zeros([20000])])) };
  const step = (s, { x }) => {
    const grads = allReduce(Object.fromEntries(names.map((name) => [name, tf.add(s.p[name], x)])), { bucketBytes: 0 });
    const update = fused((p, g) => ({ p: tf.sub(p, tf.mul(g, 0.1)) }));
    return { state: { p: Object.fromEntries(names.map((name) => [name, update(s.p[name], grads[name]).p])) }, metrics: {} };
  };
  const batch = { x: { data: Float32Array.of(rank + 1), shape: [] } };
  const compiled = await compile(step, { state, batch }, { cluster });
  const firsts = async () => {
    const { p } = await compiled.state();
    return new Set(Object.values(p).map((tensor) => { const [first] = tensor.dataSync(); tensor.dispose(); return first; })).size;
  };
  try {
    for (let i = 0; ; i++) {
      await compiled.run(batch);
      if (i === 2) console.log('running');
    }
  } catch (error) {
    console.log('distinct ' + await firsts());
    console.log('error ' + error.message);
    process.exit(3);
  }
`;

test.each([0, 1, 2])(
  'where a process dies the others end with one line and a whole state (kill %d)',
  async (kill) => {
    const members = await startCluster(2, endless);
    await Promise.all(members.map((member) => member.printed('running')));
    await new Promise((resolve) => setTimeout(resolve, 7 * kill));
    const victim = kill % 2;
    const [dead, other] = [members[victim]!, members[1 - victim]!];
    dead.child.kill('SIGKILL');
    const began = performance.now();
    const { status, stdout } = await other.ended;
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(status).toBe(3);
    expect(stdout).toContain('distinct 1\n');
    const [, message] = /error (.*)\n/.exec(stdout)!;
    expect(message).toMatch(new RegExp(`^Rank ${1 - victim} lost (rank ${victim}|another process)`));
    await dead.ended;
  },
);

test('a process that hangs ends the others after their patience', async () => {
  const members = await startCluster(2, endless, { patience: 30 });
  await Promise.all(members.map((member) => member.printed('running')));
  members[1]!.child.kill('SIGSTOP');
  const began = performance.now();
  const { status, stdout } = await members[0]!.ended;
  expect(performance.now() - began).toBeLessThan(120_000);
  expect(status).toBe(3);
  expect(stdout).toContain('distinct 1\n');
  expect(stdout).toMatch(/error Rank 0: a reduction has waited 30 s for a process that does not join it/);
  members[1]!.child.kill('SIGKILL');
  await members[1]!.ended;
});

test('what can not be reduced is refused in the step that asks for it', async () => {
  const [line] = await runCluster(
    1,
    `
    const two = { addresses: [...cluster.addresses, '127.0.0.1:9'], rank: 0 };
    const inputs = { x: { data: Float32Array.of(1), shape: [1] }, n: { data: Int32Array.of(1), shape: [1] } };
    const said = [];
    const attempt = (f, options) => compileFunction(f, { params: {}, inputs }, options).catch(({ message }) => said.push(message));
    // A process joins one cluster: the refusals before tracing come first.
    await attempt((_, b) => b, { cluster: { addresses: ['a:1', 'a:1'], rank: 0 } });
    await attempt((_, b) => b, { cluster: { addresses: ['a'], rank: 0 } });
    await attempt((_, b) => b, { cluster: { ...two, rank: 2 } });
    await attempt((_, b) => b, { cluster: two, xla: true });
    const compiled = await compileFunction((_, { x }) => ({ x }), { params: {}, inputs }, { cluster: two });
    await attempt((_, b) => b, { cluster: two });
    const alone = await compileFunction((_, { x, n }) => allReduce({ x, n }, { merge: 'sum' }), { params: {}, inputs });
    said.push(JSON.stringify((await alone.run(inputs)).x.data[0]));
    console.log(JSON.stringify(said));
    process.exit();
  `,
  );
  expect(JSON.parse(line!)).toEqual([
    'cluster: the address a:1 is given to two processes.',
    'cluster: the address a is not of the form host:port.',
    'cluster: rank 2 is none of the 2 processes, 0 and up.',
    'xla compiles no reductions over processes: leave xla out, or the cluster.',
    expect.stringMatching(/^Rank 0 can't listen at 127.0.0.1:\d+: .*this process is in a cluster already/),
    '1',
  ]);
});

test.each([
  [
    'tf.mean of an integer',
    'allReduce({ n })',
    /can't take the mean of n, which is int32 at .*: cast it first/,
  ],
  [
    'a boolean',
    "allReduce({ b: tf.greater(x, 0) }, { merge: 'max' })",
    /can't take the max of b, which is bool/,
  ],
  [
    'under a gradient',
    'tf.grad((y) => tf.sum(allReduce({ y }).y))(x)',
    /lies under a gradient at .*: reduce the gradients/,
  ],
  [
    'within a fused function',
    'fused((y) => allReduce({ y }))(x)',
    /lies within a fused function at .*: take it out/,
  ],
])('%s is refused in the step that reduces it', async (_, expression, message) => {
  const [line] = await runCluster(
    1,
    `
    const inputs = { x: { data: Float32Array.of(1), shape: [1] }, n: { data: Int32Array.of(1), shape: [1] } };
    const f = (_, { x, n }) => ({ y: ${expression} });
    const two = { addresses: [...cluster.addresses, '127.0.0.1:9'], rank: 0 };
    await compileFunction(f, { params: {}, inputs }, { cluster: two }).catch(({ message }) => console.log(message));
    process.exit();
  `,
  );
  expect(line).toMatch(message);
});
