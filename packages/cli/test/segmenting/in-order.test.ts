import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { inOrder } from '../../src/segmenting/in-order.js';

async function* numbers(count: number, onAsked: (i: number) => void): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) {
    onAsked(i);
    yield i;
    await sleep(0);
  }
}

test('results keep their order, and no more are under way than there is room for', async () => {
  let [now, most, asked, given] = [0, 0, 0, 0];
  const work = async (i: number): Promise<number> => {
    most = Math.max(most, ++now);
    await sleep(i % 3 === 0 ? 8 : 1);
    now--;
    return i;
  };
  const found: number[] = [];
  for await (const result of inOrder(
    numbers(12, (i) => (asked = i + 1)),
    3,
    work,
  )) {
    found.push(result);
    expect(asked - given++).toBeLessThanOrEqual(3);
  }
  expect(found).toEqual(Array.from({ length: 12 }, (_, i) => i));
  expect(most).toBe(3);
});

test('a failure comes when its turn does', async () => {
  const found: number[] = [];
  const work = (i: number): Promise<number> =>
    i === 2 ? Promise.reject(new Error('two')) : Promise.resolve(i);
  await expect(
    (async () => {
      for await (const result of inOrder(
        numbers(5, () => undefined),
        4,
        work,
      ))
        found.push(result);
    })(),
  ).rejects.toThrow('two');
  expect(found).toEqual([0, 1]);
});
