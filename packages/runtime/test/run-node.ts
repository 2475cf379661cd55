import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ChildProcess } from 'node:child_process';

/** What a program printed, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Path of a built module of this package: real Node runs no TypeScript. */
export const built = (name: string): string => fileURLToPath(new URL(`../dist/${name}`, import.meta.url));

/** Starts a program with changed environment variables (`undefined` removes one); ends it where it hangs. */
export function start(
  command: string,
  args: readonly string[],
  environment: Record<string, string | undefined> = {},
  cwd = fileURLToPath(new URL('..', import.meta.url)),
): { child: ChildProcess; ended: Promise<Ended> } {
  const env = Object.fromEntries(
    Object.entries({ ...process.env, NODE_OPTIONS: undefined, ...environment }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 500_000 });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
  return { child, ended };
}

/** Runs a program written as an ES module by a real Node. */
export function runNode(
  program: string,
  environment: Record<string, string | undefined> = {},
  node: string = process.execPath,
): Promise<Ended> {
  return start(node, ['--input-type=module', '-e', program], environment).ended;
}
