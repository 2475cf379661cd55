import { expect, test } from '@jest/globals';
import { assertParts, assertShareable } from '../../src/config/parts.js';
import { parseConfig } from '../../src/config/parse-config.js';

const accumulated = { batchSize: 4, groupSize: 2, accumulate: 2 };

test.each([
  [{ batchSize: 4, groupSize: undefined, accumulate: 1 }, 1],
  [accumulated, 1],
  [{ ...accumulated, accumulate: 1 }, 2],
  [{ batchSize: 16, groupSize: 2, accumulate: 2 }, 4],
  [{ batchSize: 2, groupSize: 1, accumulate: 1 }, 2],
])('%j of %d processes is fine', (config, processes) => {
  expect(() => {
    assertParts(config, processes);
  }).not.toThrow();
});

test.each([
  [
    { ...accumulated, groupSize: undefined },
    1,
    /^groupSize is not set, .* with accumulate 2 no part is that: set groupSize=2 \(the paper's\)/,
  ],
  [
    { ...accumulated, groupSize: undefined },
    2,
    /with 2 processes and accumulate 2 no part is that: set groupSize=1,/,
  ],
  [{ batchSize: 6, groupSize: undefined, accumulate: 1 }, 2, /set groupSize=3,/],
  [
    { batchSize: 6, groupSize: 2, accumulate: 1 },
    4,
    /^batchSize 6 can't be parted by 4 processes: set batchSize to a multiple of 4\.$/,
  ],
  [
    accumulated,
    2,
    /^groupSize 2 does not divide the 1 image of a part \(batchSize 4, 2 processes and accumulate 2\): set groupSize=1, or/,
  ],
])('%j of %d processes is refused in one line that names the value to set', (config, processes, message) => {
  expect(() => {
    assertParts(config, processes);
  }).toThrow(message);
});

test('a configuration that accumulates names its group size', () => {
  expect(() => parseConfig({ accumulate: 2 }, 'voc.yaml')).toThrow(/^voc\.yaml: groupSize is not set/);
  expect(parseConfig({ accumulate: 2, groupSize: 2 }).accumulate).toBe(2);
});

test.each([
  [{ compile: false }, /2 processes need a compiled step on tensorflow, and engine\.compile is false/],
  [{ backend: 'wasm' as const }, /engine\.backend is wasm/],
  [{ xla: true }, /engine\.xla is true, and XLA compiles no reductions/],
])('several processes refuse %j', (engine, message) => {
  const config = parseConfig({ groupSize: 2, engine });
  expect(() => {
    assertShareable(config, 1);
  }).not.toThrow();
  expect(() => {
    assertShareable(config, 2);
  }).toThrow(message);
});
