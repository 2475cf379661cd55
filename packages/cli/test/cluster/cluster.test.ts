import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { killCluster, startRanks, weightDistance } from '@toco/testing';
import sharp from 'sharp';
import { inTemporaryFolder, main, tinyBackbone, toco } from '../run-toco.js';

const config = fileURLToPath(new URL('cluster.yaml', import.meta.url));
const tiny = ['--config', config, '--backbone', tinyBackbone];
const train = (out: string, ...more: string[]): string[] => [main, 'train', ...tiny, '--out', out, ...more];

const last = (folder: string, iteration: number): string =>
  join(folder, `checkpoints/iteration-${String(iteration).padStart(6, '0')}`);

interface Row {
  readonly kind: string;
  readonly iteration: number;
  readonly [metric: string]: unknown;
}

const rowsOf = (folder: string): Row[] =>
  readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);

test('two processes train as one: weights, rows and figures; the run goes on with another number of them', async () => {
  await inTemporaryFolder(async (folder) => {
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    const launched = await toco(['launch', '--processes', '2', 'train', ...tiny, '--out', two]);
    expect(launched).toMatchObject({ status: 0 });
    expect(launched.stderr).toContain('iterations 0–50, batches of 4 over 2 processes, compiled (f32)');
    // What concerns the run is said once.
    expect(launched.stderr).not.toMatch(/^\[rank 1\]/m);
    expect(launched.stdout).toContain(last(two, 50));
    expect(await toco(['train', ...tiny, '--out', one])).toMatchObject({ status: 0 });
    expect(weightDistance(two, one, 50)).toBeLessThan(1e-5);
    expect(existsSync(join(two, 'report.html'))).toBe(true);
    const [rows, expected] = [rowsOf(two), rowsOf(one)];
    expect(rows).toHaveLength(expected.length);
    rows.forEach((row, i) => {
      for (const [name, value] of Object.entries(expected[i]!)) {
        if (typeof value !== 'number' || name === 'seconds' || name === 'memory') continue;
        expect([name, Math.abs((row[name] as number) - value) <= 1e-3 * Math.abs(value) + 1e-6]).toEqual([
          name,
          true,
        ]);
      }
    });
    const resumed = await toco(['train', '--resume', '--out', two, '--set', 'optimizer.iterations=52']);
    expect(resumed.stderr).toContain('1 process trains, 2 did before');
    expect(resumed).toMatchObject({ status: 0 });
  });
}, 900_000);

test('two processes that accumulate two pieces each train as one that takes the batch at once', async () => {
  await inTemporaryFolder(async (folder) => {
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    const brief = ['--set', 'groupSize=1', 'optimizer.iterations=30', 'evaluation.every=100'];
    const launched = await toco([...['launch', '-p', '2'], ...train(two, ...brief, 'accumulate=2').slice(1)]);
    expect(launched).toMatchObject({ status: 0 });
    expect(await toco(train(one, ...brief).slice(1))).toMatchObject({ status: 0 });
    expect(weightDistance(two, one, 30)).toBeLessThan(1e-5);
  });
}, 900_000);

test('one that is killed ends the other, and both started again end as if it had not been', async () => {
  await inTemporaryFolder(async (folder) => {
    const training = { main, args: tiny, iterations: 50 };
    expect(await killCluster(training, { folder, seed: 3, kills: 2, bound: 120 })).toBeLessThan(120);
  });
}, 1_800_000);

test.each([0, 1])(
  'an interruption of rank %d stops both after the same iteration, with a checkpoint',
  async (rank) => {
    await inTemporaryFolder(async (folder) => {
      const out = join(folder, 'run');
      const args = train(out, '--set', 'optimizer.iterations=100000', 'evaluation.every=100000');
      const ranks = await startRanks([args, args]);
      await ranks[0]!.says('Training ');
      await new Promise((resolve) => setTimeout(resolve, 3000));
      ranks[rank]!.child.kill('SIGINT');
      const ends = await Promise.all(ranks.map(({ ended }) => ended));
      expect(ends[rank]!.status).toBe(130);
      expect(ends[1 - rank]!.status).toBe(143);
      const stops = ends.map(({ stderr }) => /Stopped after (\d+) iterations/.exec(stderr)?.[1]);
      expect(stops[0]).toMatch(/^\d+$/);
      expect(stops[1]).toBe(stops[0]);
      expect(existsSync(join(last(out, Number(stops[0])), 'state.json'))).toBe(true);
    });
  },
  900_000,
);

test('processes that begin with different things say so, all of them, and leave nothing', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, 'run');
    const ranks = await startRanks([train(out), train(out, '--set', 'optimizer.lr=2e-3')]);
    const line =
      'The processes differ: rank 1 has optimizer.lr 0.002, rank 0 0.001; start all of them with the same.';
    for (const { status, stderr } of await Promise.all(ranks.map(({ ended }) => ended))) {
      expect(stderr).toContain(line);
      expect(status).toBe(1);
    }
    expect(existsSync(out)).toBe(false);
  });
}, 900_000);

test('processes of which one has no kernels of toco say so, since their reductions do not know one another', async () => {
  await inTemporaryFolder(async (folder) => {
    const args = train(join(folder, 'run'));
    const without = ['--import', 'data:text/javascript,process.env.TOCO_KERNELS="off"'];
    const ends = await Promise.all(
      (await startRanks([args, [...without, ...args]])).map(({ ended }) => ended),
    );
    for (const { status, stderr } of ends) {
      expect(stderr).toContain(
        "The processes differ: rank 1 has TensorFlow's ring over gRPC, rank 0 toco's ring between CPUs; start all of them with the same.",
      );
      expect(status).toBe(1);
    }
  });
}, 900_000);

test('a folder that is not shared is told at the start', async () => {
  await inTemporaryFolder(async (folder) => {
    const [out, elsewhere] = [join(folder, 'run'), join(folder, 'elsewhere')];
    const stop = ['--set', 'run.stopAfter=5', 'evaluation.every=100'];
    const begun = await Promise.all(
      (await startRanks([train(out, ...stop), train(out, ...stop)])).map(({ ended }) => ended),
    );
    expect(begun.map(({ status }) => status)).toEqual([0, 0]);
    const ranks = await startRanks([train(out, '--resume', 'auto'), train(elsewhere, '--resume', 'auto')]);
    const ends = await Promise.all(ranks.map(({ ended }) => ended));
    expect(ends[1]!.stderr).toContain(
      `${last(elsewhere, 5)}: is missing, the one that rank 0 continues from`,
    );
    expect(ends[0]!.stderr).toMatch(/rank 1 \(127\.0\.0\.1:\d+\): .*is missing/);
    expect(ends.map(({ status }) => status)).toEqual([1, 1]);
  });
}, 900_000);

test('images that no single process could call too many end the run at its next checkpoint, on all', async () => {
  await inTemporaryFolder(async (folder) => {
    const data = join(folder, 'animals');
    mkdirSync(join(data, 'images'), { recursive: true });
    const jpeg = await sharp({ create: { width: 64, height: 56, channels: 3, background: '#864' } })
      .jpeg()
      .toBuffer();
    const ids = Array.from({ length: 48 }, (_, i) => `i${10 + i}`);
    ids.forEach((id, i) => {
      writeFileSync(join(data, `images/${id}.jpg`), i < 8 ? '' : jpeg);
    });
    writeFileSync(join(data, 'labels.csv'), `id,label\n${ids.map((id) => `${id},cat\n`).join('')}`);
    writeFileSync(join(data, 'train.txt'), ids.join('\n'));
    writeFileSync(join(data, 'val.txt'), ids[47]!);
    const limits = ['data.maxUnreadable=7', 'data.maxUnreadableShare=0.1', 'run.checkpointEvery=12'];
    const args = train(join(folder, 'run'), '--data', data, '--set', 'data.dataset=folder', ...limits);
    const ends = await Promise.all((await startRanks([args, args])).map(({ ended }) => ended));
    for (const { status, stderr } of ends) {
      expect(stderr).toMatch(/^8 of 48 images \(16\.7 %\) can't be read, the last is .* end the run\./m);
      expect(stderr.match(/another image takes its place/g)!.length).toBeLessThan(8);
      expect(status).toBe(1);
    }
    expect(existsSync(join(last(join(folder, 'run'), 12), 'state.json'))).toBe(true);
  });
}, 900_000);

test.each([
  [
    ['--set', 'groupSize=4'],
    /groupSize 4 does not divide the 2 images of a part \(batchSize 4, 2 processes\): set groupSize=2/,
  ],
  [
    ['--set', 'engine.compile=false'],
    /2 processes need a compiled step on tensorflow, and engine\.compile is false/,
  ],
])(
  'several processes refuse %j',
  async (more, message) => {
    await inTemporaryFolder(async (folder) => {
      const out = join(folder, 'run');
      const { status, stderr } = await toco(['launch', '-p', '2', 'train', ...tiny, '--out', out, ...more]);
      expect(stderr).toMatch(message);
      expect(status).toBe(1);
      expect(existsSync(out)).toBe(false);
    });
  },
  900_000,
);
