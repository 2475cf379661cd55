import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** What a package's `test` says, with the files that fail or hang on purpose instead of the tests. */
const args = [
  '--experimental-vm-modules',
  'node_modules/jest/bin/jest.js',
  ...[
    '--selectProjects',
    'testing',
    '--maxWorkers',
    '1',
    '--testMatch',
    '**/*.case.ts',
    '--testPathPatterns',
  ],
];

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
  const child = spawn(process.execPath, [...args, `/${name}.case.ts`], {
    cwd: root,
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
