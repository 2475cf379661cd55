import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const jest = fileURLToPath(new URL('../../../node_modules/jest/bin/jest.js', import.meta.url));
const cases = fileURLToPath(new URL('cases', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  /** What it printed on both streams. */
  readonly output: string;
}

/** Runs one of the files of `cases` in a jest of its own. */
export async function runJest(name: string, environment: Record<string, string> = {}): Promise<Ended> {
  const inherited = { ...process.env };
  delete inherited['TOCO_SEED'];
  const child = spawn(process.execPath, ['--experimental-vm-modules', jest, `${name}.case.ts`], {
    cwd: cases,
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, output }));
  });
}
