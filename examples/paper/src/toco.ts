import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { shellWord, UserError } from '@toco/files';

const command = fileURLToPath(new URL('bin/toco.js', import.meta.resolve('@toco/cli/package.json')));

/** It is done, except for images that can't be read, which it names. */
const doneInPart = 3;

/**
 * Runs the command `toco` as its users do; what it says on the error stream, bars included, is shown.
 *
 * @returns what it printed; undefined where the signal ended it
 * @throws one line where it fails; why stands above
 */
export async function toco(args: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  if (signal.aborted) return undefined;
  // Ctrl-C on a terminal would reach both processes, and two signals end a run without saving: it comes from here alone.
  const child = spawn(process.execPath, [command, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: process.platform !== 'win32',
    // What goes on is this program, which says so: a run alone would leave the table unmade.
    env: { ...process.env, TOCO_RESUME_COMMAND: '' },
  });
  const interrupt = (): void => void child.kill('SIGINT');
  signal.addEventListener('abort', interrupt);
  // After a second Ctrl-C, which ends this process at once.
  process.on('exit', interrupt);
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  try {
    const code = await new Promise<number | null>((resolve, reject) =>
      child.on('error', reject).on('close', resolve),
    );
    if (code === 0 || code === doneInPart) return printed;
    if (signal.aborted) return undefined;
    throw new UserError(
      `toco ${args.map(shellWord).join(' ')}: ended with ${code ?? 'a signal'}; why stands above. The same command goes on once that is mended.`,
    );
  } finally {
    signal.removeEventListener('abort', interrupt);
    process.off('exit', interrupt);
  }
}
