import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { testSeed } from '../src/test-seed.js';
import { runJest } from './run-jest.js';

test('property tests begin at a seed, the same in every run', async () => {
  expect(fc.readConfigureGlobal()).toEqual({ seed: testSeed });
  const [first, again] = [await runJest('property'), await runJest('property')];
  const found = /Counterexample: \[\d+\]/;
  expect(found.exec(first.output)![0]).toBe(found.exec(again.output)![0]);
  expect(first.output).toContain('{ seed: 20230619,');
});

test('another is given by the environment, and what fails names it', async () => {
  const { code, output } = await runJest('property', { TOCO_SEED: '7' });
  expect(code).toBe(1);
  expect(output).toContain('{ seed: 7,');
  expect(output).toContain('property.case.ts: "no number is large" failed with TOCO_SEED=7\n');
  const wrong = await runJest('property', { TOCO_SEED: 'now' });
  expect(wrong.code).not.toBe(0);
  expect(wrong.output).toContain('TOCO_SEED is a whole number of up to nine digits, not "now"');
});
