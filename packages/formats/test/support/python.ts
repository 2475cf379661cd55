import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Python with these modules: `TOCO_TEST_PYTHON`, else `python3`; `undefined` where it lacks one. */
export function findPython(...modules: readonly string[]): string | undefined {
  const python = process.env['TOCO_TEST_PYTHON'] ?? 'python3';
  try {
    execFileSync(python, ['-c', `import ${modules.join()}`], { stdio: 'ignore' });
    return python;
  } catch {
    return undefined;
  }
}

/** Runs a script on a file of these bytes (its path is `sys.argv[1]`), warnings being errors; what it prints is JSON. */
export function askPython(python: string, script: string, bytes: Uint8Array): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'formats-'));
  try {
    const path = join(folder, 'input');
    writeFileSync(path, bytes);
    return JSON.parse(execFileSync(python, ['-W', 'error', '-c', script, path], { encoding: 'utf8' }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
