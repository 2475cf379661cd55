// pnpm size: bytes of each browser bundle beside its limit.
import { limits, sizeOf } from './bundle.js';

const number = (/** @type {number} */ value) => value.toLocaleString('en-US').padStart(9);

console.log(`${'Minified, without tfjs-core'.padEnd(28)}    bytes    limit`);
for (const [entry, limit] of Object.entries(limits)) {
  const size = await sizeOf(entry);
  const over = size > limit ? '  over the limit' : '';
  if (over) process.exitCode = 1;
  console.log(`${entry.padEnd(27)}${number(size)}${number(limit)}${over}`);
}
