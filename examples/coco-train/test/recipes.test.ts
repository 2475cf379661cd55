import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cocoClasses } from '@toco/datasets';
import sharp from 'sharp';

const run = promisify(execFile);
const main = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url));
const recipe = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'toco-coco-recipes-'));
const root = join(folder, 'coco');
const [width, height] = [640, 480];

/** COCO's 80 category ids run to 90 with gaps. */
const gaps = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83];
const ids = Array.from({ length: 90 }, (_, i) => i + 1).filter((id) => !gaps.includes(id));

/** A few images in the owners' layout: colored boxes, each with a polygon of its category. */
beforeAll(async () => {
  mkdirSync(join(root, 'annotations'), { recursive: true });
  for (const [split, count] of [
    ['train', 6],
    ['val', 1],
  ] as const) {
    mkdirSync(join(root, `${split}2014`));
    const images: object[] = [];
    const annotations: object[] = [];
    for (let i = 0; i < count; i++) {
      const file = `COCO_${split}2014_${String(i + 1).padStart(12, '0')}.jpg`;
      const [x, y, side] = [60 * i + 40, 30 * i + 50, 180 + 10 * i];
      const box = `<rect x="${x}" y="${y}" width="${side}" height="${side}" fill="hsl(${50 * i},80%,50%)"/>`;
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#789"/>${box}</svg>`;
      await sharp(Buffer.from(svg))
        .jpeg()
        .toFile(join(root, `${split}2014`, file));
      images.push({ id: i + 1, file_name: file, width, height });
      annotations.push({
        id: i + 1,
        image_id: i + 1,
        category_id: ids[11 * i]!,
        iscrowd: 0,
        area: side * side,
        bbox: [x, y, side, side],
        segmentation: [[x, y, x + side, y, x + side, y + side, x, y + side]],
      });
    }
    const categories = ids.map((id, c) => ({ id, name: cocoClasses[c]!, supercategory: 'thing' }));
    const path = join(root, `annotations/instances_${split}2014.json`);
    writeFileSync(path, JSON.stringify({ images, annotations, categories }));
  }
  await run(process.execPath, [main, 'prepare', 'coco', root, '--partial', '--workers', '1']);
}, 60_000);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Trains a recipe with some settings; returns the rows of its iterations. */
async function train(name: string, settings: readonly string[]): Promise<Record<string, number>[]> {
  const out = join(folder, `${name}-run`);
  const args = ['train', '--config', recipe(name), '--data', root, '--out', out];
  await run(process.execPath, [
    main,
    ...args,
    '--set',
    'backbone.weights=none',
    'run.logEvery=1',
    'evaluation.limit=1',
    ...settings,
  ]);
  return readFileSync(join(out, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>)
    .filter((row) => (row['kind'] as unknown) === 'train');
}

test('coco-mini.yaml goes through its three phases', async () => {
  const weights = 'cls: 1, clsAux: 1';
  const phases = `phases=[{from: 0, weights: {${weights}, ptc: 0, ctc: 0, seg: 0, reg: 0}}, {from: 1, labelCam: aux, weights: {${weights}, ptc: 0, ctc: 0, seg: 0.1, reg: 0.05}}, {from: 2, weights: {${weights}, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05}}]`;
  const rows = await train('coco-mini.yaml', [phases, 'run.stopAfter=3', 'batchSize=2']);
  const terms = rows.map((row) => ['ptc', 'ctc', 'seg', 'reg'].filter((term) => Number.isFinite(row[term])));
  expect(terms).toEqual([[], ['seg', 'reg'], ['ptc', 'ctc', 'seg', 'reg']]);
}, 180_000);

// Full size in pixels, width and classes; of the batch of 8 one image, and of 12 blocks 4, which is what a machine for tests has memory
// and time for; all blocks are trained in the tests of examples/voc-train.
test('coco.yaml takes a real step of its last phase at full size', async () => {
  const everything =
    'phases=[{from: 0, weights: {cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05}}]';
  const small = ['run.stopAfter=1', 'batchSize=1', 'groupSize=1', 'backbone.depth=4'];
  const [row] = await train('coco.yaml', [everything, ...small]);
  for (const term of ['cls', 'clsAux', 'ptc', 'ctc', 'seg', 'reg'])
    expect(Number.isFinite(row![term])).toBe(true);
}, 300_000);
