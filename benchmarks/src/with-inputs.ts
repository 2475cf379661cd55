import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchmarkConfig } from './benchmark-config.js';

/** Writes a batch and first weights to a file, in a process of its own, and removes it when `use` is done. */
export async function withInputs<T>(config: BenchmarkConfig, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'toco-bench-'));
  try {
    const path = join(folder, 'inputs.safetensors');
    execFileSync(process.execPath, [script('./write-inputs.js'), path, JSON.stringify(config)]);
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Path of a file beside this one. */
export function script(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
