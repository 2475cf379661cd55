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
  const count = 12;
  let [started, asked, given] = [0, 0, 0];
  const work = async (i: number): Promise<number> => {
    started++;
    // With fewer at once it would wait for ever.
    while (started < Math.min(i + 3, count)) await sleep(0);
    return i;
  };
  const found: number[] = [];
  for await (const result of inOrder(
    numbers(count, (i) => (asked = i + 1)),
    { atOnce: 3, sizeOf: () => 1, most: Infinity },
    work,
  )) {
    found.push(result);
    expect(asked - given++).toBeLessThanOrEqual(3);
  }
  expect(found).toEqual(Array.from({ length: count }, (_, i) => i));
});

test('a failure comes when its turn does', async () => {
  const found: number[] = [];
  const work = (i: number): Promise<number> =>
    i === 2 ? Promise.reject(new Error('two')) : Promise.resolve(i);
  await expect(
    (async () => {
      for await (const result of inOrder(
        numbers(5, () => undefined),
        { atOnce: 4, sizeOf: () => 1, most: Infinity },
        work,
      ))
        found.push(result);
    })(),
  ).rejects.toThrow('two');
  expect(found).toEqual([0, 1]);
});

test('no further item is asked for while those under way take more than there is', async () => {
  const sizes = [1, 1, 5, 9, 1, 1];
  const underWay: number[] = [];
  const seen: number[][] = [];
  const work = async (i: number): Promise<number> => {
    underWay.push(i);
    await sleep(5);
    return i;
  };
  const asked = (i: number): void => {
    if (i > 0) seen.push([...underWay]);
  };
  const found: number[] = [];
  const room = { atOnce: 4, sizeOf: (i: number) => sizes[i]!, most: 6 };
  for await (const result of inOrder(numbers(sizes.length, asked), room, work)) {
    underWay.shift();
    found.push(result);
  }
  expect(found).toEqual([0, 1, 2, 3, 4, 5]);
  // 1 + 1 leaves room, so does 1 + 5; an item of 9 is through before another one comes.
  expect(seen).toEqual([[0], [0, 1], [1, 2], [], [4]]);
});
