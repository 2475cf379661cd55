import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
export const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Arguments of a tiny run on synthetic scenes. */
export const tinyRun = ['--config', here('tiny.yaml'), '--backbone', here('tiny-backbone.js')];
export const tinyBackbone = here('tiny-backbone.js');
export const tinyConfig = here('tiny.yaml');

/** A whole network of the tiny backbone in a weight file, for the classes of the synthetic scenes: nothing need be trained. */
export const tinyNetwork = [
  fileURLToPath(new URL('../../weights/test/__fixtures__/network.pth', import.meta.url)),
  ...tinyRun,
  ...['--set', 'engine.compile=false'],
];

/** How a command ended. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What {@link toco} may be told. */
interface TocoOptions {
  /** Sees the error stream as it comes. */
  readonly onOutput?: (text: string, child: ChildProcess) => void;
  /** Another Node than the one that runs the tests. */
  readonly node?: string;
  /** More variables of its environment: jest's own `process.env` is a copy, which a process that is started doesn't see. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the built command. */
export function toco(
  args: readonly string[],
  { onOutput, node = process.execPath, env = {} }: TocoOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [main, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onOutput?.(stderr, child);
    });
    child.on('error', reject);
    child.on('close', (status) => {
      resolve({ status, stdout, stderr });
    });
  });
}

/** Calls `use` with a new folder and removes it afterwards. */
export async function inTemporaryFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'toco-test-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
