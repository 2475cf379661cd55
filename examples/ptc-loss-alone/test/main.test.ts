import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

test('the loss falls', () => {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const output = execFileSync(process.execPath, [main], { encoding: 'utf8' });
  const losses = [...output.matchAll(/ptc (\d\.\d+)/g)].map(([, value]) => Number(value));
  expect(losses).toHaveLength(4);
  expect(losses.at(-1)!).toBeLessThan(0.5 * losses[0]!);
});
