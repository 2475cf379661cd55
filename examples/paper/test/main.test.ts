import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));
let out: string;

beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'toco-paper-'));
});
afterAll(() => {
  rmSync(out, { recursive: true });
});

/** A few iterations on a few scenes. */
const short = [
  ...['--preset', 'scenes', '--iterations', '6'],
  ...['batchSize=2', 'engine.compile=false', 'run.logEvery=1', 'localCrops.count=2'].flatMap((word) => [
    '--set',
    word,
  ]),
  ...['data.synthetic.train=8', 'data.synthetic.val=2'].flatMap((word) => ['--set', word]),
];

/** Runs the built program; `interruptAt` sends Ctrl-C once the error stream shows that text. */
function start(
  args: readonly string[],
  interruptAt?: string,
): Promise<{ code: number | null; printed: string; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [printed, said, isInterrupted] = ['', '', false];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (isInterrupted || interruptAt === undefined || !said.includes(interruptAt)) return;
      isInterrupted = true;
      child.kill('SIGINT');
    });
    child.on('error', reject).on('close', (code) => {
      resolve({ code, printed, said });
    });
  });
}

const isPng = (path: string): boolean => readFileSync(path).subarray(1, 4).toString() === 'PNG';

test('a table is interrupted, goes on, and is written; a figure trains what the table has not', async () => {
  const table = ['--table', '3', ...short, '--out', out];
  const first = await start(table, '· loss');
  expect(first.said).toContain('Run 1 of 2: masks, seed 0, 6 iterations');
  expect(first.said).toMatch(/^Stopped\. To go on: npm start -- --table 3 /m);
  // The run that was interrupted says how far it got; what goes on is the program.
  expect(first.said).toMatch(/^Stopped after \d+ iterations?\.$/m);
  expect(first.said).not.toContain('toco train --resume');
  expect(first.code).toBe(130);
  expect(readdirSync(out)).toEqual(['masks-seed0']);

  const second = await start(table);
  expect(second.said).toContain('Resuming from');
  expect(second.code).toBe(0);
  expect(second.printed).toMatch(/^\| image-level labels \(ToCo\) +\| +\d+\.\d \| +69\.8 \| +\d+\.\d \|$/m);
  expect(second.printed).toContain('Protocol: list val');
  const iterations = readFileSync(join(out, 'masks-seed0/metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; iteration: number })
    .filter(({ kind }) => kind === 'train')
    .map(({ iteration }) => iteration);
  expect(iterations).toEqual([1, 2, 3, 4, 5, 6]);
  expect(readFileSync(join(out, 'table-3.md'), 'utf8')).toContain('| masks of all images ');
  expect(readFileSync(join(out, 'table-3.csv'), 'utf8')).toMatch(
    /^masks of all images,val,[\d.]+,,,[\d.]+$/m,
  );
  expect(readFileSync(join(out, 'table-3.svg'), 'utf8')).toMatch(/^<svg /);
  expect(isPng(join(out, 'table-3.png'))).toBe(true);

  const figure = await start(['--figure', '2', ...short, '--out', out]);
  expect(figure.said).toContain('Run 1 of 2: cls, seed 0, 6 iterations');
  expect(figure.said).toContain('Run 2 of 2: toco, seed 0: trained already');
  expect(figure.code).toBe(0);
  expect(figure.printed).toMatch(/^Figure 2: .*figure-2\.md and \d+ files beside it$/m);
  const text = readFileSync(join(out, 'figure-2/figure-2.md'), 'utf8');
  expect(text).toContain('![classification alone, ToCo](similarity.png)');
  expect(text).toMatch(/^\| ToCo( \| 0\.\d{3}){8} \|$/m);
  expect(isPng(join(out, 'figure-2/similarity.png'))).toBe(true);

  const other = await start(['--table', '1', ...short, '--iterations', '7', '--out', out]);
  expect(other.said).toMatch(
    /toco-seed0: was trained with optimizer\.iterations 6, now it is 7; choose another/,
  );
  expect(other.code).toBe(2);
  const bf16 = ['--set', 'engine.compile=true', '--set', 'engine.precision=bf16'];
  const otherwise = await start(['--table', '1', ...short, ...bf16, '--out', out]);
  expect(otherwise.said).toContain('toco-seed0: was trained with engine.precision "f32", now it is "bf16"; ');
  expect(otherwise.code).toBe(2);
}, 600_000);

test('wrong arguments end with 2 and one line, help with 0', async () => {
  const wrong = await start(['--table', '9']);
  expect([wrong.code, wrong.said, wrong.printed]).toEqual([
    2,
    '--table 9: choose among 1, 2, 3, 4, 5.\n',
    '',
  ]);
  const asked = await start(['--help']);
  expect(asked.code).toBe(0);
  expect(asked.printed).toContain('--preset NAME');
}, 120_000);
