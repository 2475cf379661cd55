import { expect, test } from '@jest/globals';
import { getPriority } from 'node:os';
import { taskPool, type ThreadWork } from '@toco/datasets';

interface Answer {
  readonly priority: number;
  readonly byte: number;
}

const work: ThreadWork<Uint8Array, Answer> = {
  module: new URL('priority.mjs', import.meta.url).href,
  name: 'priorityAndByte',
  run: () => ({ priority: getPriority(0), byte: 0 }),
};

const hasPriorities = process.platform === 'linux';

test('threads of a background pool stand behind the others, but not behind every other program; the calling one keeps its priority', async () => {
  const own = getPriority(0);
  for (const background of [false, true]) {
    const pool = taskPool(work, 1, { background });
    const { priority } = await pool.run(Uint8Array.of(7));
    expect(priority).toBe(background && hasPriorities ? Math.min(own + 5, 19) : own);
    await pool.close();
  }
  expect(getPriority(0)).toBe(own);
});

test('what is handed over is the thread’s', async () => {
  const pool = taskPool(work, 1);
  const kept = Uint8Array.of(5, 6);
  expect((await pool.run(kept)).byte).toBe(5);
  expect(kept).toHaveLength(2);
  const given = Uint8Array.of(9, 8);
  expect((await pool.run(given, [given.buffer])).byte).toBe(9);
  expect(given).toHaveLength(0);
  await pool.close();
});
