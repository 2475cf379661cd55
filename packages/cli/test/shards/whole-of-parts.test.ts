import { expect, test } from '@jest/globals';
import { wholeOfParts, type Part } from '../../src/shards/whole-of-parts.js';

const hashes = { checkpoint: 'a', list: 'b', settings: 'c' };
const part = (index: number, changes: Partial<Part> = {}): Part => ({
  name: `p${index}`,
  shard: { index, count: 3 },
  hashes,
  whole: true,
  ...changes,
});
const lines: string[] = [];
const merge = (parts: readonly Part[]): string[] =>
  wholeOfParts(parts, (line) => lines.push(line)).map(({ name }) => name);

test('parts come in order, one of each', () => {
  expect(merge([part(2), part(0), part(1), part(0, { name: 'again' })])).toEqual(['p0', 'p1', 'p2']);
  expect(lines).toEqual(['Part 0 of 3 is there twice (p0, again): counted once.']);
});

test('of a doubled part that which is finished counts', () => {
  expect(merge([part(0, { whole: false }), part(0, { name: 'again' }), part(1), part(2)])).toEqual([
    'again',
    'p1',
    'p2',
  ]);
});

test.each([
  [[], 'name the files of the parts'],
  [[part(1)], 'Of 3 parts 2 are missing: 0/3, 2/3.'],
  [[part(0), part(1)], 'Of 3 parts one is missing: 2/3.'],
  [[part(0), part(1, { shard: { index: 1, count: 2 } })], 'p1: is one of 2 parts, p0 one of 3.'],
  [
    [part(0), part(1, { hashes: { ...hashes, checkpoint: 'x', settings: 'y' } })],
    'p1: is of another network, other settings than p0.',
  ],
  [[part(0), part(1, { whole: false }), part(2)], 'p1: is not finished; run its command again'],
])('%# is refused', (parts, line) => {
  expect(() => merge(parts)).toThrow(line);
});
