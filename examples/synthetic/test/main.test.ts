import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'toco-scenes-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Runs the built program; `interruptAt` sends Ctrl-C once the error stream shows that text. */
function start(
  args: readonly string[],
  interruptAt?: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...environment };
    const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err, interrupted] = ['', '', false];
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => {
      err += data.toString();
      if (interruptAt && !interrupted && err.includes(interruptAt)) {
        interrupted = true;
        child.kill('SIGINT');
      }
    });
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, out, err });
    });
  });
}

describe('npm start, shortened', () => {
  test('an interrupted run goes on and ends with a self-contained report and figures', async () => {
    const run = join(folder, 'run');
    const first = await start(['--short', '--out', run], '· loss');
    expect(first.err).toContain('Stopped. Run the same command to continue from here.');
    expect(first.code).toBe(130);

    const second = await start(['--short', '--out', run]);
    expect(second.err).not.toContain('Error');
    expect(second.code).toBe(0);
    expect(second.err).toContain('Resuming from');
    expect(second.out).toMatch(/classification alone, recorded \(median of 3 seeds\) +\d+\.\d/);
    expect(second.out).toMatch(/ToCo, this run \(seed 0\) +\d+\.\d +\d+\.\d +\d+\.\d/);
    expect(second.out).toContain(`Report: ${join(run, 'report.html')}`);

    const page = await readFile(join(run, 'report.html'), 'utf8');
    expect(page).toContain('data:image/jpeg;base64,');
    expect(page).not.toMatch(/(?:src|href)="https?:/);
    for (const name of ['boat', 'rocket']) expect(page).toContain(name);
  }, 300_000);

  test('a folder with something else in it is left alone', async () => {
    const { code, err } = await start([
      '--short',
      '--out',
      fileURLToPath(new URL('../src', import.meta.url)),
    ]);
    expect(code).toBe(1);
    expect(err).toContain('holds something that is no run; choose another folder with --out.');
  }, 120_000);

  test('where there is no engine, it runs on wasm: the same losses as on TensorFlow', async () => {
    const [here, elsewhere] = [join(folder, 'here'), join(folder, 'elsewhere')];
    const told = { TOCO_PLATFORM: 'darwin-arm64' };
    const { code, err, out } = await start(['--short', '--out', elsewhere], undefined, told);
    expect(err).not.toContain('Error');
    expect(code).toBe(0);
    expect(err).toContain('Backend: wasm 4.22.0, 1 thread\n');
    expect(out).toContain('This run had 8 iterations of 2 scenes, the recorded ones 300 of 8.');
    expect(await readFile(join(elsewhere, 'report.html'), 'utf8')).toContain('data:image/jpeg;base64,');

    expect((await start(['--short', '--out', here])).code).toBe(0);
    const [expected, actual] = await Promise.all([losses(here), losses(elsewhere)]);
    expect(actual).toHaveLength(8);
    // Later, a crop that falls on the other side of a threshold makes them two runs;
    // before anything was learned, only the order of additions differs.
    for (const [term, value] of Object.entries(actual[0]!))
      expect(Math.abs(value - expected[0]![term]!)).toBeLessThan(1e-5);
  }, 600_000);
});

/** The loss and its terms in each iteration. */
async function losses(run: string): Promise<Record<string, number>[]> {
  const text = await readFile(join(run, 'metrics.jsonl'), 'utf8');
  const rows = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number | string>);
  const terms = ['loss', 'cls', 'clsAux', 'ptc', 'ctc', 'seg', 'reg'];
  return rows
    .filter(({ kind }) => kind === 'train')
    .map((row) => Object.fromEntries(terms.map((term) => [term, Number(row[term])])));
}
