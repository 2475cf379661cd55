import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { placeOf } from '../src/call-site.js';

const packages = fileURLToPath(new URL('../../', import.meta.url));
const stack = (...frames: string[]): string => ['Error', ...frames.map((one) => `    at ${one}`)].join('\n');
const theirs = 'Object.size (file:///home/a%20user/mine/train.js:35:12)';

test.each([
  ['a clone', `${packages}losses/dist/cls-loss.js:9:3`],
  ['sources, by source maps', `${packages}losses/src/cls-loss.ts:9:3`],
  ['the command', `${packages}cli/bin/toco.js:3:1`],
  ['an installation', '/home/a/mine/node_modules/@toco/losses/dist/cls-loss.js:9:3'],
  ['pnpm', 'file:///a/node_modules/.pnpm/@toco+losses@1.0.0/node_modules/@toco/losses/dist/cls-loss.js:9:3'],
  ['Windows', 'C:\\mine\\node_modules\\@toco\\losses\\dist\\cls-loss.js:9:3'],
  ['TensorFlow.js', '/a/node_modules/@tensorflow/tfjs-core/dist/ops/mul.js:9:3'],
  ['Node', 'node:internal/process/task_queues:95:5'],
])('the place is the line of the user, below frames of %s', (_, frame) => {
  expect(placeOf(stack(`clsLoss (${frame})`, theirs, 'train (/b/other.js:1:1)'))).toBe(
    '/home/a user/mine/train.js:35:12',
  );
});

test('where no frame is the user’s, it is the first of another package of ours', () => {
  const graph = `callSite (${packages}graph/src/call-site.ts:1:1)`;
  const losses = `clsLoss (${packages}losses/dist/cls-loss.js:9:3)`;
  expect(placeOf(stack(graph, losses, `async train (${packages}trainer/dist/run/train.js:1:1)`))).toBe(
    `${packages}losses/dist/cls-loss.js:9:3`,
  );
  expect(placeOf(stack(graph))).toBe('an unknown place');
});

test('a program in the folder of the packages that is none of them is the user’s', () => {
  expect(placeOf(stack(`f (${packages}mine/test/a.test.ts:1:2)`))).toBe(`${packages}mine/test/a.test.ts:1:2`);
});
