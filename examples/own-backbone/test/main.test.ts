import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

test('trains a few steps and leaves a checkpoint with its own names', () => {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'toco-own-backbone-'));
  try {
    const output = execFileSync(process.execPath, [main, join(folder, 'run')], { encoding: 'utf8' });
    expect(output).toMatch(/8 iterations with four-convolutions: segmentation mIoU [\d.]+ %/);
    expect(existsSync(join(folder, 'run/checkpoints/iteration-000008/model.safetensors'))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
