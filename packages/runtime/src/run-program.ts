import { spawn } from 'node:child_process';

/** How a program ended. */
export interface ProgramResult {
  /** Exit code; null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program may take. */
export interface ProgramLimits {
  /** Seconds after which it is ended: a server that sends a byte now and then would keep it for ever. */
  readonly seconds?: number | undefined;
  /** Bytes of the largest file that it may write: a server that sends without end would fill the disk. */
  readonly fileBytes?: number | undefined;
}

/** `sh` counts a file's size in blocks, and sets limits for what takes its place. */
const blockBytes = 512;

/** Runs a program without a shell; its stdout is kept, or goes to our stderr as it comes where it shows progress. */
export function runProgram(
  command: string,
  args: readonly string[],
  {
    showProgress = false,
    seconds,
    fileBytes,
  }: { readonly showProgress?: boolean | undefined } & ProgramLimits = {},
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const limit = fileBytes === undefined ? undefined : Math.ceil(fileBytes / blockBytes);
    const [program, ...rest] =
      limit === undefined
        ? [command, ...args]
        : ['sh', '-c', `ulimit -f ${limit} && exec "$@"`, 'sh', command, ...args];
    const child = spawn(program!, rest, { stdio: ['ignore', showProgress ? 2 : 'pipe', 'pipe'] });
    const timer =
      seconds === undefined
        ? undefined
        : setTimeout(() => {
            stderr += `\nerror: ended after ${Math.round(seconds / 60)} minutes, which is too slow to wait for`;
            child.kill('SIGKILL');
          }, 1000 * seconds);
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      // what sh says of a program that it does not find
      if (limit !== undefined && code === 127) {
        reject(Object.assign(new Error(`${command} was not found`), { code: 'ENOENT' }));
        return;
      }
      resolve({ code, stdout, stderr });
    });
  });
}

/** Whether an error of {@link runProgram} says that there is no such program. */
export function isMissingProgram(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** The last line of a program's complaints that says something, for a sentence of ours. */
export function lastComplaint({ stderr, stdout, code }: ProgramResult): string {
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim());
  const complaint = lines.filter((line) => /error/i.test(line)).at(-1) ?? lines.filter(Boolean).at(-1);
  // Of a program that talks with servers: what moves the cursor stays out of our line.
  return complaint?.replaceAll(/\p{Cc}/gu, ' ').slice(0, 300) ?? `exit code ${code}`;
}
