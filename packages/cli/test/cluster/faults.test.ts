import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { startRanks } from '@toco/testing';
import { inTemporaryFolder, main, tinyBackbone, toco } from '../run-toco.js';

const config = fileURLToPath(new URL('cluster.yaml', import.meta.url));
const train = (out: string, ...more: string[]): string[] => [
  ...[main, 'train', '--config', config, '--backbone', tinyBackbone],
  ...['--out', out, ...more],
];

/** Lets one process compute another learning rate, as a broken machine could. */
const wrongly = `
  import { register } from 'node:module';
  register('data:text/javascript,' + encodeURIComponent(\`
    export async function load(url, context, next) {
      const loaded = await next(url, context);
      if (!url.endsWith('/optimizer/adamw.js')) return loaded;
      return { ...loaded, source: String(loaded.source).replace('tf.mul(lr, correction2Root)', 'tf.mul(tf.mul(lr, 1.001), correction2Root)') };
    }\`));
`;

test('weights that differ between processes end the run at the next checkpoint, which is not written', async () => {
  await inTemporaryFolder(async (folder) => {
    const args = train(join(folder, 'run'));
    const other = ['--import', `data:text/javascript,${encodeURIComponent(wrongly)}`];
    const ends = await Promise.all((await startRanks([args, [...other, ...args]])).map(({ ended }) => ended));
    for (const { status, stderr } of ends) {
      expect(stderr).toContain(
        'After 5 iterations rank 1 has other weights than rank 0: one of the machines',
      );
      expect(status).toBe(1);
    }
    const checkpoints = join(folder, 'run/checkpoints');
    expect(existsSync(checkpoints) ? readdirSync(checkpoints) : []).toEqual([]);
  });
}, 900_000);

test('a process that hangs is named by the other, which saves what was trained', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, 'run');
    const args = train(
      out,
      '--set',
      'optimizer.iterations=100000',
      'evaluation.every=100000',
      'run.logEvery=1',
    );
    const [leader, other] = await startRanks([args, args], { TOCO_SILENCE_SECONDS: '30' });
    await leader!.says('Training ');
    await sleep(3000);
    other!.child.kill('SIGSTOP');
    const { status, stderr } = await leader!.ended;
    other!.child.kill('SIGKILL');
    expect(stderr).toMatch(/^rank 1 \(127\.0\.0\.1:\d+\) was lost: it has said nothing for 30 s\.$/m);
    const [, saved] = /Saved iteration (\d+)/.exec(stderr) ?? [];
    if (saved !== undefined)
      expect(existsSync(join(out, `checkpoints/iteration-${saved.padStart(6, '0')}/state.json`))).toBe(true);
    expect(status).toBe(1);
  });
}, 900_000);

test('a port that another program listens at is told in one line by all', async () => {
  await inTemporaryFolder(async (folder) => {
    const args = train(join(folder, 'run'));
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, resolve));
    const at = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    const other = [
      '--import',
      `data:text/javascript,process.env.TF_CONFIG=process.env.TF_CONFIG.replace(/,"[^"]*"/, ',"${at}"')`,
    ];
    const ends = await Promise.all(
      (await startRanks([other, other].map((first) => [...first, ...args]))).map(({ ended }) => ended),
    );
    for (const { status, stderr } of ends) {
      expect(stderr).toContain(`Rank 1 can't listen at ${at}: Address already in use; give it a free port`);
      expect(stderr).not.toMatch(/^ +at /m);
      expect(status).toBe(1);
    }
    taken.close();
  });
}, 900_000);

test('where toco launch is killed its processes stop, with a checkpoint', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, 'run');
    let killed = false;
    const endless = ['optimizer.iterations=100000', 'evaluation.every=100000', 'run.logEvery=1'];
    const args = train(out, '--set', ...endless).slice(1);
    await toco(['launch', '-p', '2', ...args], {
      onOutput(text, child) {
        if (killed || !/[1-9]\d*\/100000/.test(text)) return;
        killed = child.kill('SIGKILL');
      },
    });
    const checkpoints = join(out, 'checkpoints');
    // The first one that comes after five iterations may be there already: the lock is let go of at the end.
    const isFree = (): boolean =>
      readdirSync(join(out, '.lock')).every((name) =>
        readFileSync(join(out, '.lock', name), 'utf8').includes('"free":true'),
      );
    while (!isFree()) await sleep(100);
    expect(readdirSync(checkpoints).length).toBeGreaterThan(0);
  });
}, 300_000);
