/**
 * `node profile-step.js FILE PRECISION THREADS|auto REPEATS TOP`: where the time of our step goes, by stage, by operation and by node.
 *
 * Of several runs each node counts with its shortest time, so that what other programs did meanwhile drops out.
 */
import type { Precision } from '@toco/graph';
import { initBackend } from '@toco/runtime';
import { formatStages, stageTimes } from '@toco/graph';
import { compiledStep } from './compiled-step.js';

const [path, precision, threads, repeats, top] = process.argv.slice(2) as [
  string,
  Precision,
  string,
  string,
  string,
];
const engine = await initBackend({
  backend: 'tensorflow',
  print: () => undefined,
  ...(threads !== 'auto' && { threads: Number(threads) }),
});
const step = await compiledStep(path, { precision, engine });
const { milliseconds, operations } = await step.profile({ runs: Number(repeats) });
step.dispose();

const total = operations.reduce((sum, operation) => sum + operation.milliseconds, 0);
console.log(
  `shortest of ${repeats} runs: ${milliseconds.toFixed(0)} ms; ${operations.length} kernels, ${total.toFixed(0)} ms in all`,
);
console.log(`${formatStages(stageTimes(operations))}\n`);

const sums = new Map<string, { sum: number; count: number }>();
for (const { operation, milliseconds } of operations) {
  const { sum, count } = sums.get(operation) ?? { sum: 0, count: 0 };
  sums.set(operation, { sum: sum + milliseconds, count: count + 1 });
}
const longest = [...sums].sort(([, a], [, b]) => b.sum - a.sum).slice(0, Number(top));
for (const [name, { sum, count }] of longest) {
  const share = ((100 * sum) / total).toFixed(1);
  console.log(
    `${sum.toFixed(1).padStart(9)} ms ${share.padStart(5)} % ${String(count).padStart(6)} × ${name}`,
  );
}
console.log();
for (const { node, operation, milliseconds } of operations.slice(0, Number(top))) {
  console.log(`${milliseconds.toFixed(1).padStart(9)} ms  ${operation}  ${node}`);
}
