import { beforeAll, expect, test } from '@jest/globals';
import * as core from '@toco/core';
import { initBackend } from '@toco/runtime';

beforeAll(async () => {
  await initBackend();
});

test('a seed gives the same values for ever', async () => {
  const seed = core.childSeed(3, 'blocks.0.w');
  expect(seed).toBe(3518419081);
  expect([...(await core.truncatedNormal([4], { standardDeviation: 0.02, seed }).data())]).toEqual([
    -0.014005954377353191, 0.02497865818440914, 0.006801895797252655, -0.006209240760654211,
  ]);
  expect([...(await core.uniform([3], { low: -1, high: 1, seed: 0 }).data())]).toEqual([
    -0.08059495687484741, 0.7584511041641235, 0.36488422751426697,
  ]);
});

test('neighboring seeds and names have nothing in common', async () => {
  const draw = async (seed: number) =>
    core.truncatedNormal([4000], { standardDeviation: 1, seed }).data<'float32'>();
  const base = await draw(core.childSeed(1, 'a'));
  for (const seed of [core.childSeed(1, 'b'), core.childSeed(2, 'a'), core.childSeed(1, 'aa'), 0, 1, 2]) {
    const other = await draw(seed);
    const correlation = base.reduce((total, v, i) => total + v * other[i]!, 0) / base.length;
    expect(Math.abs(correlation)).toBeLessThan(0.06); // 4 standard deviations of the mean of 4000 products
  }
});

test('truncatedNormal has the given deviation and ends at ±2', async () => {
  const narrow = await core
    .truncatedNormal([200, 200], { standardDeviation: 0.02, seed: 1 })
    .data<'float32'>();
  const moment = (k: number) => narrow.reduce((total, v) => total + (v / 0.02) ** k, 0) / narrow.length;
  expect(Math.abs(moment(1))).toBeLessThan(0.02);
  expect(Math.abs(moment(2) - 1)).toBeLessThan(0.03);
  expect(Math.abs(moment(3))).toBeLessThan(0.06);
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.2);
  const wide = await core.truncatedNormal([40000], { standardDeviation: 2, seed: 1 }).data();
  expect(wide.every((v) => Math.abs(v) <= 2)).toBe(true);
  expect(wide.some((v) => Math.abs(v) > 1.99)).toBe(true);
});

test('kaimingUniform fills ±1/√fanIn evenly', async () => {
  const values = await core.kaimingUniform([100, 400], { fanIn: 400, seed: 1 }).data<'float32'>();
  expect(Math.max(...values)).toBeLessThanOrEqual(0.05);
  expect(Math.max(...values)).toBeGreaterThan(0.0499);
  expect(Math.min(...values)).toBeLessThan(-0.0499);
  const square = values.reduce((total, v) => total + v * v, 0) / values.length;
  expect(Math.abs(square / (0.05 ** 2 / 3) - 1)).toBeLessThan(0.03);
});

test('zeros and ones', async () => {
  expect([...(await core.zeros([2]).data()), ...(await core.ones([2]).data())]).toEqual([0, 0, 1, 1]);
});
