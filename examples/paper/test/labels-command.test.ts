import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const program = fileURLToPath(new URL('../dist/labels/main.js', import.meta.url));
const toco = fileURLToPath(new URL('../../../packages/cli/bin/toco.js', import.meta.url));
const file = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
let folder: string;

function run(
  script: string,
  args: readonly string[],
): Promise<{ code: unknown; printed: string; said: string }> {
  return new Promise((resolve) =>
    execFile(process.execPath, [script, ...args], { maxBuffer: 1 << 24 }, (error, printed, said) => {
      resolve({ code: error === null ? 0 : error.code, printed, said });
    }),
  );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'toco-labels-'));
  const { code, said } = await run(toco, [
    ...['train', '--config', file('scenes.yaml'), '--out', join(folder, 'run'), '--set'],
    ...[`network.weights=${file('../synthetic/weights/vit-mini.safetensors')}`, 'optimizer.iterations=2'],
    ...['batchSize=2', 'localCrops.count=2', 'engine.compile=false', 'evaluation.every=2'],
    ...['optimizer.warmup=1', 'data.synthetic.train=8', 'data.synthetic.val=2'],
  ]);
  expect([code, said.includes('error')]).toEqual([0, false]);
}, 300_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('labels of a run beside the masks: the same figures again, as Markdown and CSV', async () => {
  const out = join(folder, 'labels');
  const words = [join(folder, 'run'), '--images', '5', '--set', 'views.cropSize=88'];
  const first = await run(program, [...words, '--out', out]);
  expect([first.code, first.said.includes('Error')]).toEqual([0, false]);
  const text = readFileSync(join(out, 'labels.md'), 'utf8');
  expect(first.printed.startsWith(text)).toBe(true);
  expect(text).toContain('on views of 5 images of train, seed 0: percent');

  const rows = readFileSync(join(out, 'labels.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.match(/"[^"]*"|[^",]+/g)!.map((field) => field.replaceAll('"', '')));
  const figure = (labels: string, of: string, name: string): number => {
    const row = rows.find(([, ...keys]) => keys.slice(0, 3).join() === [labels, of, name].join());
    return Number(row![4]);
  };
  // Pretrained on scenes: right more often than by chance, and each correction moves what it is about.
  expect(figure('reference', 'pixels', 'background right')).toBeGreaterThan(50);
  expect(figure('tokenBox alone', 'pixels', 'object found')).toBe(
    figure('reference', 'pixels', 'object found'),
  );
  expect(figure('cropPadding alone', 'tokens', 'object found')).toBe(
    figure('reference', 'tokens', 'object found'),
  );
  // 0.5 · 88 are 44 pixels, five and a half patches.
  expect(figure('oddSizes alone', 'tokens', 'background found')).not.toBe(
    figure('reference', 'tokens', 'background found'),
  );
  // What nobody labeled has no share that is right: its fields are empty.
  const shares = rows.filter((row) => row.length > 4).map((row) => Number(row[4]));
  expect(shares.length).toBeGreaterThan(rows.length / 2);
  expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...shares)).toBeLessThanOrEqual(100);

  const again = await run(program, words);
  expect(again.printed).toBe(text);
}, 600_000);

test('wrong arguments end with 2 and one line, help with 0', async () => {
  const wrong = await run(program, []);
  expect([wrong.code, wrong.printed]).toEqual([2, '']);
  expect(wrong.said).toMatch(/^Name one folder of a run, .*\n$/);
  const few = await run(program, [folder, '--images', '1']);
  expect([few.code, few.said]).toEqual([2, '--images 1: give a whole number, 2 or more.\n']);
  const asked = await run(program, ['--help']);
  expect([asked.code, asked.said]).toEqual([0, '']);
}, 120_000);
