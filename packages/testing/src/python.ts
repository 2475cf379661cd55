import { execFileSync } from 'node:child_process';

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

/** What a script prints as JSON; its arguments are `sys.argv[1:]`. */
export function askPython(python: string, script: string, args: readonly string[]): unknown {
  return JSON.parse(execFileSync(python, ['-c', script, ...args], { encoding: 'utf8' }));
}
