import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

test('eager and compiled agree on the loss, and the CAMs are drawn', () => {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'toco-step-'));
  try {
    const picture = join(folder, 'cams.png');
    const output = execFileSync(process.execPath, [main, picture], { encoding: 'utf8' });
    const eager = Number(/eager +loss ([\d.]+)/.exec(output)![1]);
    const compiled = [...output.matchAll(/compiled +loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
    expect(compiled).toHaveLength(4);
    expect(Math.abs(compiled[0]! - eager)).toBeLessThanOrEqual(1e-4);
    expect(readFileSync(picture).subarray(1, 4).toString()).toBe('PNG');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
