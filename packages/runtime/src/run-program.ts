import { spawn } from 'node:child_process';

/** How a program ended. */
export interface ProgramResult {
  /** Exit code; null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program without a shell; its stdout is kept, or goes to our stderr as it comes where it shows progress. */
export function runProgram(
  command: string,
  args: readonly string[],
  { showProgress = false }: { showProgress?: boolean } = {},
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', showProgress ? 2 : 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => {
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
  return complaint?.slice(0, 300) ?? `exit code ${code}`;
}
